import { runWorker } from './job-tools.ts';

/* The process of one job on the platforms of this release. */
await runWorker({
  platformFor: async (worker) => {
    const { workerPlatforms } = await import('./worker-platforms.ts');
    return workerPlatforms(worker);
  },
});
