/* The process of a job that also knows the far platform. */
import { systemClock } from '../../../src/host/clock.ts';
import { runWorker } from '../../../src/main/job-tools.ts';
import { workerPlatforms } from '../../../src/main/worker-platforms.ts';
import { openStore } from '../../../src/store/store.ts';
import { withFar } from './platforms.ts';

await runWorker({
  platformFor: async (worker) => {
    const { installId } = await openStore(worker.store, { clock: systemClock });
    return withFar(await workerPlatforms(worker), installId, worker.work);
  },
});
