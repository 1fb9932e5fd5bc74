import type { Clock } from '../../src/core/clock.ts';
import { systemClock } from '../../src/host/clock.ts';

const begun = systemClock.now();
const start = systemClock.elapsed();

/** A clock that runs a hundred times as fast as the real one, for tests of retries. */
export const fastClock: Clock = {
  now: () => begun + (systemClock.now() - begun) * 100,
  elapsed: () => (systemClock.elapsed() - start) * 100,
  sleep: (delayMs, signal) => systemClock.sleep(delayMs / 100, signal),
};
