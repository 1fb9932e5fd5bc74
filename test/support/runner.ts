/* The one place that names the test framework. */
export { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
