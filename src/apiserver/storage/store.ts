import type { DatabaseSync } from 'node:sqlite';
import { jsonEqual } from '../../core/json.ts';
import { withRoom } from '../../host/room.ts';
import type { Document, StoredObject } from '../model/object.ts';
import { documentOf } from './document.ts';
import { Queries } from './queries.ts';
import { RecentChanges } from './recent.ts';
import {
  CompactedError,
  type Change,
  type From,
  type Row,
  type RowKey,
  type Scope,
} from './row.ts';
import { openDatabase } from './schema.ts';
import { Turns } from './turns.ts';
import { Writes } from './writes.ts';

/** Changes of a resource, and the revision up to which there are no others. */
export interface ChangePage {
  readonly changes: readonly Change[];
  readonly upTo: number;
}

/**
 * Objects and their history on SQLite. Reads outside of `write` see committed state only, and a
 * change is announced after its commit.
 */
export class Store {
  private readonly path: string;
  private readonly database: DatabaseSync;
  private readonly now: () => number;
  private readonly turns: Turns;
  private readonly recent: RecentChanges;
  private readonly writes: Writes;
  private pending: Change[] = [];
  private waiting: (() => void)[] = [];
  private ending = false;
  private committed: number;
  private oldest: number;
  /** The questions that read; use those about live rows inside of `write` or `read`. */
  readonly queries: Queries;

  constructor(path: string, now: () => number) {
    this.path = path;
    this.now = now;
    this.database = openDatabase(path, now());
    this.queries = new Queries(this.database);
    this.writes = new Writes(this.database);
    const { head, compacted } = this.queries.bounds();
    this.committed = head;
    this.oldest = compacted;
    this.recent = new RecentChanges(head);
    this.turns = new Turns(this.database, {
      committed: () => this.announce(),
      rolledBack: () => {
        this.pending = [];
      },
    });
  }

  /** The newest committed revision. */
  get head(): number {
    return this.committed;
  }

  /** The oldest revision from which a watch can resume. */
  get compacted(): number {
    return this.oldest;
  }

  /** Runs synchronous work in this turn's transaction; resolves when it is durable. */
  write<Result>(work: () => Result): Promise<Result> {
    return withRoom([this.path], () => this.turns.run(work));
  }

  /** Runs synchronous reads over committed state. */
  read<Result>(work: () => Result): Promise<Result> {
    return this.turns.read(work);
  }

  /** Stores an object; only inside of `write`. `before` is the live row that it replaces. */
  put(key: RowKey, object: StoredObject, before?: Row): Document {
    return this.change(key, object, before === undefined ? {} : { before });
  }

  /** Removes a live row; only inside of `write`. Watchers are told what was stored last, as by etcd. */
  drop(row: Row): void {
    this.change(row, row.document.object, { before: row, deleted: true });
  }

  /** How many rows a scope has at a revision. */
  count(scope: Scope, at: number): number {
    this.assertKept(at);
    return this.queries.count(scope, at, this.isLatest(at));
  }

  private isLatest(revision: number): boolean {
    return revision === this.committed && this.pending.length === 0;
  }

  /** Rows as they were at a revision, of which only those are read that somebody takes before anything is written. */
  rows(from: From): Iterable<Row> {
    this.assertKept(from.at);
    return this.queries.rows(from, this.isLatest(from.at));
  }

  /** Changes of a resource after a revision, oldest first. */
  changesAfter(revision: number, resource: string, limit: number): ChangePage {
    const upTo = this.committed;
    const recent = this.recent.after(revision);
    if (recent !== undefined) {
      return { changes: recent.filter((change) => change.resource === resource), upTo };
    }
    this.assertKept(revision);
    const changes = this.queries.changes(resource, { after: revision, upTo }, limit);
    return { changes, upTo: changes.length < limit ? upTo : (changes.at(-1)?.revision ?? upTo) };
  }

  /** All changes after a revision, or undefined if they are not all in memory. */
  recentAfter(revision: number): readonly Change[] | undefined {
    return this.recent.after(revision);
  }

  /** Resolves with the next commit, or at once if there was one after the revision or none will come. */
  changed(revision: number): Promise<void> {
    if (this.ending || this.committed > revision) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.push(resolve);
    });
  }

  /** Wakes everybody who waits for a commit, now and from now on, so that they can end. */
  end(): void {
    this.ending = true;
    this.wake();
  }

  /** Forgets history up to a revision, in steps that leave room for others. */
  async compact(revision: number): Promise<void> {
    // Nobody may begin to read what is going to be removed.
    this.oldest = Math.max(this.oldest, revision);
    let more = true;
    while (more) {
      more = await this.write(() => this.guarded(() => this.writes.compactSome(revision)));
    }
  }

  /** Writes something that changes nothing. Rejects if the database cannot be written. */
  async probe(): Promise<void> {
    await this.write(() => this.guarded(() => this.writes.touch()));
  }

  /** Size of the database, without its journal. */
  sizeBytes(): Promise<number> {
    return this.read(() => this.queries.sizeBytes());
  }

  /** Closes the file, after the commit that is under way. */
  close(): Promise<void> {
    return this.turns.read(() => this.database.close());
  }

  private assertKept(revision: number): void {
    if (revision < this.oldest) throw new CompactedError(revision, this.oldest);
  }

  private guarded<Result>(change: () => Result): Result {
    try {
      this.turns.begin();
      return change();
    } catch (error) {
      this.turns.fail(error);
      throw error;
    }
  }

  private change(
    key: RowKey,
    object: StoredObject,
    { before, deleted = false }: { readonly before?: Row; readonly deleted?: boolean },
  ): Document {
    const revision = (this.pending.at(-1)?.revision ?? this.committed) + 1;
    const { resource, namespace, name } = key;
    const document = documentOf({
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(revision) },
    });
    this.guarded(() => {
      this.writes.add({
        key,
        revision,
        object,
        json: document.json,
        deleted,
        writtenMs: this.now(),
        ...(before === undefined ? {} : { previous: before.revision }),
      });
      this.updateOwners(key, deleted ? undefined : object, before);
    });
    this.pending.push({
      resource,
      namespace,
      name,
      revision,
      document,
      deleted,
      ...(before === undefined ? {} : { before: before.document }),
    });
    return document;
  }

  private updateOwners(key: RowKey, object: StoredObject | undefined, before?: Row): void {
    const now = object?.metadata.ownerReferences ?? [];
    const then = before?.document.object.metadata.ownerReferences ?? [];
    if (!jsonEqual(now, then)) this.writes.setOwners(key, object);
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }

  private announce(): void {
    this.committed = this.pending.at(-1)?.revision ?? this.committed;
    this.recent.add(this.pending);
    this.pending = [];
    this.wake();
  }
}
