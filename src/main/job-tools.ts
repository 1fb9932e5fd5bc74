import { randomBytes } from 'node:crypto';
import { EnvHttpProxyAgent } from 'undici';
import { systemClock } from '../host/clock.ts';
import { download } from '../host/download.ts';
import { run } from '../host/run.ts';
import type { WorkerOptions } from '../jobs/worker.ts';
import { runFolder } from './run-folder.ts';

const MOST_MEDIA_BYTES = 32 * 2 ** 30;

/** The real tools of a job that works below `folder`; close them when it has ended. */
export async function jobTools(
  folder: string,
): Promise<{ readonly tools: WorkerOptions['tools']; close(): Promise<void> }> {
  const dispatcher = new EnvHttpProxyAgent();
  return {
    tools: {
      run,
      clock: systemClock,
      runDir: await runFolder(folder),
      nonce: () => randomBytes(16).toString('hex'),
      fetchMedia: ({ url, sha256, path }, signal) =>
        download({ url, sha256, path, mostBytes: MOST_MEDIA_BYTES }, { dispatcher, signal }),
    },
    close: () => dispatcher.close(),
  };
}
