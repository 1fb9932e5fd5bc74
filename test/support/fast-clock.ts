import type { Clock } from '../../src/core/clock.ts';
import { systemClock } from '../../src/host/clock.ts';
import { ManualClock } from './clock.ts';

/**
 * A clock that goes on only when this process gets its turn, so that nothing in it is late because the host is
 * busy: by `spanMs` about every `everyMs`.
 */
export function turnClock(spanMs: number, everyMs: number): Clock {
  const clock = new ManualClock(systemClock.now());
  setInterval(() => clock.advance(spanMs), everyMs).unref();
  return clock;
}

/** A clock that runs up to a hundred times as fast as the real one, for tests of retries. */
export const fastClock: Clock = turnClock(100, 1);
