import type { Clock } from '../core/clock.ts';
import { compareVersions, reaches } from './resource.ts';

/** Longest that a pass waits for the echo of our own writes. */
const LIMIT_MS = 5000;

/** One who waits, and for what. Later writes are not its concern. */
interface Ticket {
  readonly wanted: string;
  readonly settle: (caught: boolean) => void;
}

/**
 * Knows whether a cache has seen what we wrote ourselves. Deciding on an older picture would create
 * things twice; waiting costs about a millisecond, since watches follow writes at once.
 */
export class CaughtUp {
  private readonly clock: Clock;
  private readonly tickets = new Set<Ticket>();
  private seen: string | undefined;
  private expected: string | undefined;
  /** Waited for in vain: whoever wants no more than this need not wait again until it is seen. */
  private givenUp: string | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  expect(version: string | undefined): void {
    if (version === undefined || reaches(this.seen, version)) return;
    const order = compareVersions(this.expected, version);
    if (order === undefined || order < 0) this.expected = version;
  }

  reached(version: string | undefined): void {
    if (version === undefined || version === '' || reaches(this.seen, version)) return;
    this.seen = version;
    this.settle();
  }

  /** After a list its version counts, even if it is lower: the server's history began anew. */
  restart(version: string): void {
    const isAnew = this.seen !== undefined && !reaches(version, this.seen);
    this.seen = version;
    if (isAnew) this.forgetHistory();
    else this.settle();
  }

  /** True as soon as all was seen that is expected now, false if that takes too long. */
  async wait(signal?: AbortSignal): Promise<boolean> {
    const wanted = this.expected;
    if (wanted === undefined) return true;
    if (signal?.aborted === true || reaches(this.givenUp, wanted)) return false;
    const answer = Promise.withResolvers<boolean>();
    const ticket: Ticket = { wanted, settle: answer.resolve };
    this.tickets.add(ticket);
    const over = new AbortController();
    const stop = () => over.abort();
    signal?.addEventListener('abort', stop);
    const late = this.clock.sleep(LIMIT_MS, over.signal).then(
      () => this.giveUp(ticket),
      () => answer.resolve(false),
    );
    try {
      return await answer.promise;
    } finally {
      over.abort();
      await late;
      signal?.removeEventListener('abort', stop);
      this.tickets.delete(ticket);
    }
  }

  /** Others who wait for the same began later, and have their own time. */
  private giveUp({ wanted, settle }: Ticket): void {
    settle(false);
    // Seen in the same instant: then there is nothing that later ones would wait for in vain.
    if (!reaches(this.seen, wanted) && !reaches(this.givenUp, wanted)) this.givenUp = wanted;
  }

  private settle(): void {
    for (const { wanted, settle } of this.tickets) {
      if (reaches(this.seen, wanted)) settle(true);
    }
    if (reaches(this.seen, this.expected)) {
      this.expected = undefined;
      this.givenUp = undefined;
    }
  }

  /** Versions of the old history will never come. */
  private forgetHistory(): void {
    this.expected = undefined;
    this.givenUp = undefined;
    for (const { settle } of this.tickets) settle(false);
  }
}
