import type { RequestHead } from './exchange.ts';
import { targetOf } from './handler.ts';
import { flag } from './query.ts';
import { tooManyRequests } from './refusals.ts';

/** How much is served at the same time. */
export interface Limits {
  readonly requests: number;
  readonly watches: number;
}

/** Enough for a few hundred clients, far from what would exhaust memory. */
export const NETWORK_LIMITS: Limits = { requests: 256, watches: 1024 };

/**
 * Counts what is being served. Throws 429 for whatever goes beyond the limits; else returns what gives
 * the place back.
 */
export function limiter(limits: Limits): (head: RequestHead) => () => void {
  const running = { requests: 0, watches: 0 };
  return ({ method, path }) => {
    const kind = method === 'GET' && flag(targetOf(path).query, 'watch') ? 'watches' : 'requests';
    if (running[kind] >= limits[kind]) throw tooManyRequests();
    running[kind] += 1;
    return () => {
      running[kind] -= 1;
    };
  };
}
