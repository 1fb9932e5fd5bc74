import type { Clock } from '../core/clock.ts';

const BURST = 25;
const REFILL_MS = 300_000;
/** Objects that are remembered; the one that was quiet for longest is forgotten first. */
const MAX_OBJECTS = 4096;

/** How many events an object may still cause: 25 at once, then one every five minutes. */
export class EventBudget {
  private readonly clock: Clock;
  private readonly buckets = new Map<string, { readonly left: number; readonly atMs: number }>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** True if one more event of this object may be written, which is then counted. */
  take(uid: string): boolean {
    const now = this.clock.elapsed();
    const { left, atMs } = this.buckets.get(uid) ?? { left: BURST, atMs: now };
    const earned = Math.max(0, Math.floor((now - atMs) / REFILL_MS));
    const have = Math.min(BURST, left + earned);
    const since = have === BURST ? now : atMs + earned * REFILL_MS;
    this.buckets.delete(uid);
    this.buckets.set(uid, { left: Math.max(0, have - 1), atMs: since });
    const oldest = this.buckets.keys().next();
    if (this.buckets.size > MAX_OBJECTS && oldest.done !== true) this.buckets.delete(oldest.value);
    return have > 0;
  }
}
