import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvHttpProxyAgent } from 'undici';
import { systemClock } from '../host/clock.ts';
import { download } from '../host/download.ts';
import { run } from '../host/run.ts';
import { work } from '../jobs/worker.ts';

const MOST_MEDIA_BYTES = 32 * 2 ** 30;

/** A folder for sockets, whose path must be short; nobody else may have made it. */
async function shortFolder(): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  const name = createHash('sha256').update(process.cwd()).digest('hex').slice(0, 12);
  const folder = join('/tmp', `lamina-${uid}-${name}-jobs`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found = await lstat(folder);
  if (found.isDirectory() && found.uid === uid) return folder;
  throw new Error(`${folder} belongs to somebody else`);
}

const dispatcher = new EnvHttpProxyAgent();

process.exitCode = await work({
  input: process.stdin,
  output: process.stdout,
  tools: {
    run,
    clock: systemClock,
    runDir: await shortFolder(),
    nonce: () => randomBytes(16).toString('hex'),
    fetchMedia: ({ url, sha256, path }, signal) =>
      download({ url, sha256, path, mostBytes: MOST_MEDIA_BYTES }, { dispatcher, signal }),
  },
});
await dispatcher.close();
