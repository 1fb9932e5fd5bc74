import { setTimeout as delay } from 'node:timers/promises';

/** Looks again and again at something outside, until it is so; fails after `limitMs`. */
export async function until(
  what: string,
  look: () => Promise<boolean>,
  limitMs = 30_000,
): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await delay(20);
  }
}
