import { systemClock } from '../host/clock.ts';
import type { DownloadWanted } from '../host/download.ts';
import { run } from '../host/run.ts';
import type { FetchMedia, JobTools, MediaWanted } from '../jobs/tools.ts';
import { work, type WorkerTools } from '../jobs/worker.ts';
import { parseWorkerConfig, WORKER_VARIABLE, type WorkerConfig } from '../jobs/worker-config.ts';
import type { PlatformOf } from './platforms.ts';
import { runFolder } from './run-folder.ts';

const MOST_MEDIA_BYTES = 32 * 2 ** 30;

/** The platforms that a job can reach from where it runs; asked only by jobs that need one. */
export type PlatformFor = (worker: WorkerConfig) => PlatformOf | Promise<PlatformOf>;

/* What only some jobs need is loaded by those: half of the start of a process is loading modules. */

function headersFor(
  { headersFrom }: MediaWanted,
  worker: WorkerConfig,
  signal: AbortSignal,
): Pick<DownloadWanted, 'headers'> {
  if (headersFrom === undefined) return {};
  return {
    headers: async () => {
      const { secretHeaders } = await import('./secret-headers.ts');
      return secretHeaders(headersFrom, worker, signal);
    },
  };
}

function fetchFrom(worker: WorkerConfig): FetchMedia {
  return async (wanted, signal) => {
    const { download } = await import('../host/download.ts');
    const { openNetwork } = await import('../host/network.ts');
    const { url, sha256, path } = wanted;
    const network = openNetwork({ allowLocal: worker.allowLocalMedia === true });
    const file = { url, sha256, path, mostBytes: MOST_MEDIA_BYTES };
    try {
      await download(
        { ...file, ...headersFor(wanted, worker, signal) },
        { network, clock: systemClock, signal },
      );
    } finally {
      await network.close();
    }
  };
}

function transferFrom(worker: WorkerConfig, platformFor: PlatformFor): JobTools['transferFor'] {
  return async (ref, signal) => {
    const { transferFor } = await import('./transfer-for.ts');
    return transferFor(ref, { worker, platformOf: await platformFor(worker) }, signal);
  };
}

/** The real tools of a job. */
export async function jobTools(
  worker: WorkerConfig,
  platformFor: PlatformFor,
): Promise<WorkerTools> {
  const { store, work, importRoot } = worker;
  return {
    run,
    clock: systemClock,
    runDir: await runFolder(work),
    places: { store, work },
    ...(importRoot === undefined ? {} : { importRoot }),
    fetchMedia: fetchFrom(worker),
    transferFor: transferFrom(worker, platformFor),
  };
}

/** The process of one job: its specification comes on standard input, its lines go to standard output. */
export async function runWorker(options: { readonly platformFor: PlatformFor }): Promise<void> {
  process.exitCode = await work({
    input: process.stdin,
    output: process.stdout,
    debug: process.stderr,
    open: () => jobTools(parseWorkerConfig(process.env[WORKER_VARIABLE]), options.platformFor),
  });
}
