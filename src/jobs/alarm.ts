import type { Clock } from '../core/clock.ts';

/** One timer for the earliest of any number of moments of `Clock.elapsed`; whoever is woken sets it again. */
export class Alarm {
  private readonly clock: Clock;
  private readonly wake: () => void;
  private at = Infinity;
  private stop: AbortController | undefined;

  constructor(clock: Clock, wake: () => void) {
    this.clock = clock;
    this.wake = wake;
  }

  /** Rings at this moment, unless it rings before that anyway. */
  notAfter(at: number): void {
    if (at >= this.at) return;
    this.silence();
    const stop = new AbortController();
    this.at = at;
    this.stop = stop;
    void this.ring(at, stop.signal);
  }

  silence(): void {
    this.stop?.abort();
    this.stop = undefined;
    this.at = Infinity;
  }

  private async ring(at: number, signal: AbortSignal): Promise<void> {
    try {
      await this.clock.sleep(Math.max(0, at - this.clock.elapsed()), signal);
    } catch {
      // Set to another moment.
      return;
    }
    if (signal.aborted) return;
    this.at = Infinity;
    this.wake();
  }
}
