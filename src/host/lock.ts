import { isObject } from '../core/json.ts';
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../core/clock.ts';
import { codeOf, Failure, isFailure } from '../core/failure.ts';

const SQLITE_BUSY = 5;
/** A database that nobody holds is closed with the next collection of garbage, and its lock is gone. */
const held = new Set<DatabaseSync>();

/**
 * Makes the file here, so that one that cannot be made is told as what it is. One that is there is not
 * opened: to close it again would end a lock that this process has on it.
 */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx'));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/**
 * Holds a lock file for this process alone, until it lets go or ends by whatever cause. SQLite's lock
 * is the operating system's: it needs no cleaning up after a crash, and children do not inherit it.
 */
export function holdAlone(lockFile: string, what: string): () => void {
  makeFile(lockFile);
  const database = new DatabaseSync(lockFile, { timeout: 0 });
  try {
    // Nothing is ever written, so nothing needs a journal beside the lock.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isObject(error) || error['errcode'] !== SQLITE_BUSY) throw error;
    throw new Failure(
      {
        consequence: 'Busy',
        code: 'AlreadyRunning',
        message: `${what} is in use by another process`,
        hint: 'Stop the other process, or use another folder.',
      },
      error,
    );
  }
  held.add(database);
  return () => {
    held.delete(database);
    database.close();
  };
}

/** How long to wait for a lock, and how often to try. */
export interface Patience {
  readonly clock: Clock;
  readonly waitMs: number;
  readonly pollMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** As `holdAlone`, but waits for whoever holds it; what stays taken is the same failure. */
export async function holdWhenFree(
  lockFile: string,
  what: string,
  { clock, waitMs, pollMs, signal }: Patience,
): Promise<() => void> {
  const deadline = clock.elapsed() + waitMs;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return holdAlone(lockFile, what);
    } catch (error) {
      if (!isFailure(error) || clock.elapsed() > deadline) throw error;
      await clock.sleep(pollMs, signal);
    }
  }
}
