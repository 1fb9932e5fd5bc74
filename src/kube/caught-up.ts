import type { Clock } from '../core/clock.ts';
import { compareVersions, reaches } from './resource-version.ts';

/** Longest that a pass waits for the echo of our own writes. */
const LIMIT_MS = 5000;

/**
 * Knows whether a cache has seen what we wrote ourselves. Deciding on an older picture would create
 * things twice; waiting costs about a millisecond, since watches follow writes at once.
 */
export class CaughtUp {
  private readonly clock: Clock;
  private seen: string | undefined;
  private expected: string | undefined;
  private waiters: Set<() => void> = new Set();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  expect(version: string | undefined): void {
    if (version === undefined || reaches(this.seen, version)) return;
    const order = compareVersions(this.expected, version);
    if (order === undefined || order < 0) this.expected = version;
  }

  reached(version: string): void {
    if (reaches(this.seen, version)) return;
    if (version !== '') this.seen = version;
    this.settle();
  }

  /** After a list its version counts, even if it is lower: the server's history began anew. */
  restart(version: string): void {
    this.seen = version;
    this.settle();
  }

  async wait(signal?: AbortSignal): Promise<boolean> {
    if (this.expected === undefined) return true;
    const inTime = Promise.withResolvers<boolean>();
    const waiter = () => inTime.resolve(true);
    this.waiters.add(waiter);
    const over = new AbortController();
    const stop = () => over.abort();
    signal?.addEventListener('abort', stop);
    const late = this.clock.sleep(LIMIT_MS, over.signal).then(
      () => inTime.resolve(false),
      () => inTime.resolve(false),
    );
    try {
      if (signal?.aborted === true) stop();
      const caught = await inTime.promise;
      // Waited for in vain: the version will not come, and the next pass must not wait again.
      if (!caught && signal?.aborted !== true) this.giveUp();
      return caught;
    } finally {
      over.abort();
      await late;
      signal?.removeEventListener('abort', stop);
      this.waiters.delete(waiter);
    }
  }

  private giveUp(): void {
    this.expected = undefined;
    this.settle();
  }

  private settle(): void {
    if (this.expected !== undefined && !reaches(this.seen, this.expected)) return;
    this.expected = undefined;
    const waiters = this.waiters;
    this.waiters = new Set();
    for (const wake of waiters) wake();
  }
}
