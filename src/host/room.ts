import { statfs } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';
import { denied, isFailure, type Failure } from '../core/failure.ts';
import { formatBytes } from '../core/quantity.ts';

/** What is always left free, for the databases and logs beside: a fiftieth of a file system, a gibibyte at most. */
const RESERVED_SHARE = 1 / 50;
const MOST_RESERVED = 2 ** 30;
const LOOK_MS = 1000;

/** Bytes that a job may still write to the file system of a folder. */
export async function roomIn(folder: string): Promise<number> {
  const { bavail, blocks, bsize } = await statfs(folder);
  const reserved = Math.min(MOST_RESERVED, blocks * bsize * RESERVED_SHARE);
  return Math.max(0, bavail * bsize - reserved);
}

function noRoom(folder: string, message: string): Failure {
  const hint = `Free space on the file system of ${folder}, or make it larger.`;
  return denied('NoRoom', message, hint);
}

/** Throws unless so many bytes can be written below a folder. */
export async function needRoom(folder: string, bytes: number, what: string): Promise<void> {
  const room = await roomIn(folder);
  if (bytes <= room) return;
  const [needed, left] = [bytes, room].map(formatBytes);
  throw noRoom(folder, `${what} needs ${needed}, and ${folder} has room for ${left}`);
}

/** Something that writes below a folder, and that others may fill meanwhile. */
export interface Writing {
  readonly folder: string;
  readonly what: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Runs a program that writes, and ends it before the file system is full. */
export async function whileRoom<Result>(
  { folder, what, clock, signal }: Writing,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const full = new AbortController();
  const over = new AbortController();
  const watch = async () => {
    while (!over.signal.aborted) {
      await clock.sleep(LOOK_MS, over.signal);
      if ((await roomIn(folder)) > 0) continue;
      full.abort(noRoom(folder, `${folder} became full: ${what} was stopped`));
      return;
    }
  };
  // It ends when the work is over, by the end of its sleep.
  watch().catch(() => undefined);
  try {
    return await work(AbortSignal.any([signal, full.signal]));
  } catch (error) {
    throw isFailure(full.signal.reason) ? full.signal.reason : error;
  } finally {
    over.abort();
  }
}
