import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../core/clock.ts';
import { Failure, isFailure } from '../core/failure.ts';

/**
 * Holds a lock file for this process alone, until it lets go or ends by whatever cause. SQLite's lock
 * is the operating system's: it needs no cleaning up after a crash, and children do not inherit it.
 */
export function holdAlone(lockFile: string, what: string): () => void {
  const database = new DatabaseSync(lockFile, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
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
  return () => database.close();
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
  const deadline = clock.now() + waitMs;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return holdAlone(lockFile, what);
    } catch (error) {
      if (!isFailure(error) || clock.now() > deadline) throw error;
      await clock.sleep(pollMs, signal);
    }
  }
}
