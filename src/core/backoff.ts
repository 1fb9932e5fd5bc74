import type { Random } from './clock.ts';

/** Shape of an exponential backoff. */
export interface Backoff {
  readonly firstMs: number;
  readonly limitMs: number;
  /** Share of the delay that is random, 0 to 1, so that failures do not march in step. */
  readonly jitter: number;
}

/** Per-object retries: quick enough for a person who watches, slow enough for an outage. */
export const RECONCILE_BACKOFF: Backoff = { firstMs: 750, limitMs: 900_000, jitter: 0.1 };

/** Delay before try number `failures` + 1, where `failures` counts from 1. */
export function backoffMs(shape: Backoff, failures: number, random: Random): number {
  const exponent = Math.min(Math.max(failures - 1, 0), 40);
  const delay = Math.min(shape.firstMs * 2 ** exponent, shape.limitMs);
  return Math.round(delay * (1 - shape.jitter + 2 * shape.jitter * random()));
}
