import { setTimeout as delay } from 'node:timers/promises';

/** How long a test waits for what happens by itself: far longer than it takes on a host that is busy. */
export const PATIENCE_MS = 240_000;

/** Looks again and again at something outside, until it is so. */
export async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await delay(20);
  }
}
