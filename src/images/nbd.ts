import { randomBytes } from 'node:crypto';
import { closeSync, constants, existsSync, openSync, watch } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { impossible, isFailure } from '../core/failure.ts';
import type { Run } from '../host/run.ts';
import { SERVER_FAILED } from './byte-queue.ts';
import { readChain } from './chain.ts';
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

/** Resolves when the socket is there, or when the server has ended without making it. */
async function appears(path: string, server: Promise<unknown>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const watcher = watch(dirname(path), (_, name) => {
    if (name === basename(path)) resolve();
  });
  watcher.on('error', reject);
  server.then(() => resolve(), reject);
  // Nobody listens any more when the socket was there at once and the server fails later.
  promise.catch(() => undefined);
  try {
    if (!existsSync(path)) await promise;
  } finally {
    watcher.close();
  }
}

/**
 * Direct I/O takes half the time of the page cache, but some file systems refuse it. Both are made
 * durable by a flush.
 */
function cacheMode(file: DiskFile): 'none' | 'writeback' {
  try {
    for (const { path } of readChain(file).files) {
      closeSync(openSync(path, constants.O_RDONLY | constants.O_DIRECT));
    }
    return 'none';
  } catch {
    // A chain that cannot be opened at all makes the server fail with better words.
    return 'writeback';
  }
}

async function talk<Result>(
  socket: string,
  use: (client: NbdClient) => Promise<Result>,
): Promise<Result> {
  const client = await NbdClient.open(socket);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
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
  const server = run(
    'qemu-nbd',
    ['--socket', socket, '--format', file.format, '--cache', cacheMode(file), file.path],
    { signal: AbortSignal.any(signals), timeoutMs: SERVE_MS },
  );
  try {
    await appears(socket, server);
    const result = await talk(socket, use);
    await server;
    return result;
  } catch (error) {
    // The server's own words explain more than the end of its connection.
    if (isFailure(error) && error.code === SERVER_FAILED) await server;
    throw error;
  } finally {
    stop.abort();
    // Only when it has ended is the lock of the image free.
    await server.catch(() => undefined);
    await rm(socket, { force: true });
  }
}
