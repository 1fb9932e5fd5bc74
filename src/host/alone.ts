import { DatabaseSync } from 'node:sqlite';
import { Failure } from '../core/failure.ts';

/**
 * Holds a folder for this process alone, until the process ends by whatever cause. SQLite's lock is
 * the operating system's: it needs no cleaning up after a crash, and children do not inherit it.
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
