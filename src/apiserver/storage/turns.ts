import { setImmediate } from 'node:timers';
import type { DatabaseSync } from 'node:sqlite';

interface Batch {
  readonly done: Promise<void>;
  readonly settle: (error?: unknown) => void;
  /** A transaction is open. */
  dirty: boolean;
  failure?: { readonly error: unknown };
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
    dirty: false,
    settle: (error) => (error === undefined ? resolve() : reject(error)),
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

  /** Resolves when nothing uncommitted can be seen. */
  async settled(): Promise<void> {
    while (this.batch !== undefined) await this.batch.done.catch(() => undefined);
  }

  private open(): Batch {
    const batch = newBatch();
    setImmediate(() => this.finish(batch));
    return batch;
  }

  private finish(batch: Batch): void {
    this.batch = undefined;
    try {
      if (batch.failure !== undefined) throw batch.failure.error;
      if (batch.dirty) this.database.exec('COMMIT');
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      this.hooks.rolledBack();
      batch.settle(error);
      return;
    }
    if (batch.dirty) this.hooks.committed();
    batch.settle();
  }
}
