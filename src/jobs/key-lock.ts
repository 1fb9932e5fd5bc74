import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isFailure } from '../core/failure.ts';
import { holdAlone } from '../host/alone.ts';
import type { JobTools } from './tools.ts';

const WAIT_MS = 60_000;
const POLL_MS = 200;

/** Holds a name of the work folder at once, or fails as Busy; returns how to let go. */
export async function holdAt(work: string, name: string): Promise<() => void> {
  const folder = join(work, 'locks');
  await mkdir(folder, { recursive: true });
  return holdAlone(join(folder, `${name}.db`), `the work folder of ${name}`);
}

/** Waits until no other process works under a name, at most a minute; returns how to let go. */
export async function holdKey(
  work: string,
  name: string,
  { clock, signal }: Pick<JobTools, 'clock' | 'signal'>,
): Promise<() => void> {
  const deadline = clock.now() + WAIT_MS;
  for (;;) {
    try {
      return await holdAt(work, name);
    } catch (error) {
      if (!isFailure(error) || clock.now() > deadline) throw error;
      await clock.sleep(POLL_MS, signal);
    }
  }
}
