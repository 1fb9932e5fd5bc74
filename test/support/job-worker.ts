import { runWorker } from '../../src/main/job-tools.ts';
import { folderPlatformOf } from './folder-platform.ts';

/* The process of one job of a test: as the real one, on a platform that needs no machines. */
await runWorker({ platformFor: ({ machines = '' }) => folderPlatformOf(machines) });
