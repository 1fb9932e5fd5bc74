import { ManualClock } from '../../support/clock.ts';

/** Longer than any pause between two tries, shorter than the patience with a silent watch. */
const LONGEST_PAUSE_MS = 60_000;

/** Pauses between tries are over at once, and are told; patience ends only when a test says so. */
export class SwiftClock extends ManualClock {
  readonly pauses: number[] = [];

  override async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (delayMs > LONGEST_PAUSE_MS) return super.sleep(delayMs, signal);
    this.pauses.push(delayMs);
    this.advance(delayMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
