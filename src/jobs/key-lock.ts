import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { holdAlone, holdWhenFree } from '../host/lock.ts';
import type { JobTools } from './tools.ts';

const WAIT_MS = 60_000;
const POLL_MS = 200;

async function lockOf(work: string, name: string): Promise<readonly [string, string]> {
  const folder = join(work, 'locks');
  await mkdir(folder, { recursive: true });
  return [join(folder, `${name}.db`), `the work folder of ${name}`];
}

/** Holds a name of the work folder at once, or fails as Busy; returns how to let go. */
export async function holdAt(work: string, name: string): Promise<() => void> {
  return holdAlone(...(await lockOf(work, name)));
}

/** Waits until no other process works under a name, at most a minute; returns how to let go. */
export async function holdKey(
  work: string,
  name: string,
  { clock, signal }: Pick<JobTools, 'clock' | 'signal'>,
): Promise<() => void> {
  const [path, what] = await lockOf(work, name);
  return holdWhenFree(path, what, { clock, signal, waitMs: WAIT_MS, pollMs: POLL_MS });
}

/** Lock of a layer that is captured: what that leaves in the work folder is named by the layer, not by the key. */
export function captureLock(inputsHex: string): string {
  return `capture-${inputsHex}`;
}
