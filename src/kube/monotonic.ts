import type { Clock } from '../core/clock.ts';

/**
 * Milliseconds that never go back. Machines correct their clocks by an hour at times; without this,
 * everything that is due would wait for that hour.
 */
export function monotonic(clock: Clock): () => number {
  let last = clock.now();
  let offset = 0;
  return () => {
    const now = clock.now();
    if (now < last) offset += last - now;
    last = now;
    return now + offset;
  };
}
