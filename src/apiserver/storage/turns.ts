import type { DatabaseSync } from 'node:sqlite';
import { nextTurn } from '../../host/turn.ts';

interface Failed {
  readonly error: unknown;
}

interface Batch {
  readonly done: Promise<void>;
  readonly settle: (failure?: Failed) => void;
  /** Reads that came while the transaction was open; they run right after it. */
  readonly readers: (() => void)[];
  /** A transaction is open. */
  dirty: boolean;
  failure?: Failed;
}

/** What happens around a commit. */
export interface TurnHooks {
  committed(): void;
  rolledBack(): void;
}

function newBatch(): Batch {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Each caller waits for it by itself; a batch without callers must not end the process.
  promise.catch(() => undefined);
  return {
    done: promise,
    readers: [],
    dirty: false,
    settle: (failure) => (failure === undefined ? resolve() : reject(failure.error)),
  };
}

/**
 * Group commit: all writes of one turn of the event loop share one transaction, and so one sync of
 * the disk. Nobody gets an answer before it.
 */
export class Turns {
  private readonly database: DatabaseSync;
  private readonly hooks: TurnHooks;
  private batch: Batch | undefined;

  constructor(database: DatabaseSync, hooks: TurnHooks) {
    this.database = database;
    this.hooks = hooks;
  }

  /** Opens the transaction of this turn; every change of the database begins with it. */
  begin(): void {
    const { batch } = this;
    if (batch === undefined) throw new Error('a change outside of a turn');
    if (batch.dirty) return;
    this.database.exec('BEGIN IMMEDIATE');
    batch.dirty = true;
  }

  /**
   * Runs synchronous work that sees all earlier work of this turn. Its outcome, refusals included,
   * is told after the commit: a refusal may rest on a write that is not durable yet.
   */
  async run<Result>(work: () => Result): Promise<Result> {
    const batch = (this.batch ??= this.open());
    let outcome: { readonly value: Result } | { readonly error: unknown };
    try {
      outcome = { value: work() };
    } catch (error) {
      outcome = { error };
    }
    await batch.done;
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  /** Makes the whole turn fail: a change was begun and could not be finished. */
  fail(error: unknown): void {
    if (this.batch !== undefined) this.batch.failure ??= { error };
  }

  /**
   * Runs synchronous reads that see committed state only: at once, or right after the commit that is
   * under way. Waiting for a quiet moment instead would starve readers behind busy writers.
   */
  read<Result>(work: () => Result): Promise<Result> {
    const now = () => new Promise<Result>((resolve) => resolve(work()));
    const { batch } = this;
    if (batch?.dirty !== true) return now();
    return new Promise((resolve) => {
      batch.readers.push(() => resolve(now()));
    });
  }

  private open(): Batch {
    const batch = newBatch();
    nextTurn(() => this.finish(batch));
    return batch;
  }

  private finish(batch: Batch): void {
    this.batch = undefined;
    const failure = batch.dirty ? this.commit(batch) : batch.failure;
    for (const read of batch.readers) read();
    batch.settle(failure);
  }

  /** Commits, or rolls back what cannot be committed; returns why. */
  private commit(batch: Batch): Failed | undefined {
    try {
      if (batch.failure !== undefined) throw batch.failure.error;
      this.database.exec('COMMIT');
      this.hooks.committed();
      return undefined;
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      this.hooks.rolledBack();
      return { error };
    }
  }
}
