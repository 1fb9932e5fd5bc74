import { work } from '../jobs/worker.ts';
import { parseWorkerConfig, WORKER_VARIABLE } from '../jobs/worker-config.ts';
import { jobTools, type PlatformFor } from './job-tools.ts';

/** The process of one job: its specification comes on standard input, its lines go to standard output. */
export async function runWorker(options: { readonly platformFor: PlatformFor }): Promise<void> {
  process.exitCode = await work({
    input: process.stdin,
    output: process.stdout,
    debug: process.stderr,
    open: () => jobTools(parseWorkerConfig(process.env[WORKER_VARIABLE]), options.platformFor),
  });
}
