import type { Clock } from '../core/clock.ts';

interface Due {
  readonly key: string;
  readonly at: number;
}

/** Keys that are due later, each once and at its earliest time, on one timer for all. */
export class Delays {
  private readonly clock: Clock;
  private readonly fire: (key: string) => void;
  private readonly times = new Map<string, number>();
  /** By time. Entries whose key has another time in `times` are void. */
  private order: Due[] = [];
  private timer: { readonly at: number; readonly over: AbortController } | undefined;

  constructor(clock: Clock, fire: (key: string) => void) {
    this.clock = clock;
    this.fire = fire;
  }

  add(key: string, delayMs: number): void {
    const at = this.clock.elapsed() + delayMs;
    const earlier = this.times.get(key);
    if (earlier !== undefined && earlier <= at) return;
    this.times.set(key, at);
    this.order.splice(this.placeOf(at), 0, { key, at });
    this.arm();
  }

  drop(key: string): void {
    this.times.delete(key);
    // Void entries go in bulk, so that keys that are woken often leave nothing behind.
    if (this.order.length > 2 * this.times.size + 64) {
      this.order = this.order.filter((due) => this.isValid(due));
    }
  }

  stop(): void {
    this.times.clear();
    this.order = [];
    this.timer?.over.abort();
    this.timer = undefined;
  }

  private isValid({ key, at }: Due): boolean {
    return this.times.get(key) === at;
  }

  private placeOf(at: number): number {
    let low = 0;
    let high = this.order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.order[middle]?.at ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private arm(): void {
    const first = this.order[0];
    if (first === undefined || (this.timer !== undefined && this.timer.at <= first.at)) return;
    this.timer?.over.abort();
    const timer = { at: first.at, over: new AbortController() };
    this.timer = timer;
    this.clock.sleep(Math.max(0, first.at - this.clock.elapsed()), timer.over.signal).then(
      () => this.ring(timer),
      () => undefined,
    );
  }

  private ring(timer: { readonly at: number }): void {
    // A newer timer took over in the same instant.
    if (this.timer !== timer) return;
    this.timer = undefined;
    const now = this.clock.elapsed();
    while ((this.order[0]?.at ?? Infinity) <= now) {
      const due = this.order.shift();
      if (due === undefined || !this.isValid(due)) continue;
      this.times.delete(due.key);
      this.fire(due.key);
    }
    this.arm();
  }
}
