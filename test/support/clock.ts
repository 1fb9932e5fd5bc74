import type { Clock } from '../../src/core/clock.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that moves only when told. */
export class ManualClock implements Clock {
  private time = 0;
  /** What the clock shows when no time has passed. */
  private shown: number;
  private sleepers: readonly Sleeper[] = [];

  constructor(startMs = 1_700_000_000_000) {
    this.shown = startMs;
  }

  now(): number {
    return this.shown + this.time;
  }

  elapsed(): number {
    return this.time;
  }

  /** Sets the clock; no time passes. */
  set(spanMs: number): void {
    this.shown += spanMs;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = () => reject(new Error('aborted'));
      if (signal?.aborted === true) return stop();
      signal?.addEventListener('abort', stop, { once: true });
      this.sleepers = [...this.sleepers, { at: this.time + delayMs, wake: resolve }];
    });
  }

  /** How many sleeps wait now. */
  get waiting(): number {
    return this.sleepers.length;
  }

  /** Moves time and wakes whoever is due. */
  advance(spanMs: number): void {
    this.time += spanMs;
    const due = this.sleepers.filter((sleeper) => sleeper.at <= this.time);
    this.sleepers = this.sleepers.filter((sleeper) => sleeper.at > this.time);
    for (const { wake } of due) wake();
  }
}
