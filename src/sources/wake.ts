import type { Clock } from '../core/clock.ts';

/** Waits for a time, or for a reason to go on earlier that may have come before the wait. */
export class Wake {
  private readonly clock: Clock;
  private pending = false;
  private ring: (() => void) | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  now(): void {
    this.pending = true;
    this.ring?.();
  }

  async wait(delayMs: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const stop = () => over.abort();
    signal.addEventListener('abort', stop, { once: true });
    this.ring = stop;
    if (this.pending || signal.aborted) stop();
    try {
      await this.clock.sleep(delayMs, over.signal);
    } catch (error) {
      if (!over.signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      this.ring = undefined;
      this.pending = false;
    }
  }
}
