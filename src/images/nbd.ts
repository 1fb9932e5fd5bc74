import { randomBytes } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { impossible, transient } from '../core/failure.ts';
import { isMissing } from '../host/files.ts';
import type { Run } from '../host/run.ts';
import { NbdClient } from './nbd-client.ts';
import type { DiskFile } from './source.ts';

/** What serving a disk needs. */
export interface NbdOptions {
  readonly run: Run;
  /** A short folder for the socket: unix sockets allow 107 bytes of path. */
  readonly runDir: string;
  readonly signal?: AbortSignal;
}

const MAX_SOCKET_PATH = 107;
const START_MS = 20_000;
const POLL_MS = 5;
const SERVE_MS = 6 * 3_600_000;

function socketPath(runDir: string): string {
  const path = join(runDir, `n${randomBytes(4).toString('hex')}`);
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
    throw impossible(
      'SocketPathTooLong',
      `the path ${path} is too long for a socket`,
      'Give a shorter run directory.',
    );
  }
  return path;
}

async function appears(path: string, ended: () => boolean): Promise<void> {
  for (let waitedMs = 0; waitedMs < START_MS && !ended(); waitedMs += POLL_MS) {
    try {
      await stat(path);
      return;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    await delay(POLL_MS);
  }
  if (!ended()) throw transient('DiskServerFailed', 'the disk server did not start in time');
}

/**
 * Serves a disk for writing as long as `use` runs. qemu-nbd ends by itself when its only client goes
 * away, so that a crash of ours leaves no server behind that would hold the lock of the image.
 */
export async function withNbd<Result>(
  file: DiskFile,
  options: NbdOptions,
  use: (client: NbdClient) => Promise<Result>,
): Promise<Result> {
  const { run, runDir, signal } = options;
  const socket = socketPath(runDir);
  const stop = new AbortController();
  const signals = signal === undefined ? [stop.signal] : [stop.signal, signal];
  let ended = false;
  const server = run(
    'qemu-nbd',
    ['--socket', socket, '--format', file.format, '--cache', 'writeback', file.path],
    { signal: AbortSignal.any(signals), timeoutMs: SERVE_MS },
  ).finally(() => {
    ended = true;
  });
  // Its failure is reported below, where it is awaited.
  server.catch(() => undefined);
  try {
    await appears(socket, () => ended);
    if (ended) await server;
    const client = await NbdClient.open(socket);
    const result = await use(client).finally(() => client.close());
    await server;
    return result;
  } finally {
    stop.abort();
    await rm(socket, { force: true });
  }
}
