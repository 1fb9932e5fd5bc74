import type { Clock } from '../core/clock.ts';
import { Failure, isFailure } from '../core/failure.ts';
import { holdWhenFree } from '../host/lock.ts';
import type { Layout } from './layout.ts';

const POLL_MS = 20;
const WAIT_MS = 30_000;

/** Keeps all processes but one from changing `index.json`. */
export class StoreLock {
  private readonly layout: Layout;
  private readonly clock: Clock;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(layout: Layout, clock: Clock) {
    this.layout = layout;
    this.clock = clock;
  }

  /** Runs `work` alone. Waiting is bounded; a lock that stays taken is a Busy failure. */
  hold<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const turn = this.queue.then(async () => {
      const release = await this.acquire(signal);
      try {
        return await work();
      } finally {
        release();
      }
    });
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  private async acquire(signal: AbortSignal | undefined): Promise<() => void> {
    const { layout, clock } = this;
    const patience = { clock, signal, waitMs: WAIT_MS, pollMs: POLL_MS };
    try {
      return await holdWhenFree(layout.lock, layout.root, patience);
    } catch (error) {
      if (!isFailure(error)) throw error;
      throw new Failure(
        {
          consequence: 'Busy',
          code: 'StoreLocked',
          message: `${layout.root}: the store is being changed by another process`,
          hint: 'Nothing is to be done: it is tried again. If it stays, look for a process that hangs.',
        },
        error,
      );
    }
  }
}
