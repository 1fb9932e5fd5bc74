import type { OwnerReference } from '../../api/object.ts';
import { messageOf } from '../../core/failure.ts';
import { jsonEqual } from '../../core/json.ts';
import type { Log } from '../../host/log.ts';
import type { Context } from '../objects/context.ts';
import type { Change, RowKey } from '../storage/row.ts';
import { inTurns, reviewDying } from './dying.ts';
import { emptyNamespace } from './namespaces.ts';
import { ownerRow, reviewDependent, waitsForDependents } from './owners.ts';

const RETRY_MS = 1000;
const PAGE = 1000;

/**
 * Deletes what nobody owns any more, and empties namespaces. It follows the history like any watcher;
 * every step looks at the stored state only, so after a crash a scan of that state is all it needs.
 */
export class Collector {
  private readonly context: Context;
  private readonly log: Log;
  private readonly closing: AbortSignal;

  constructor(context: Context, log: Log, closing: AbortSignal) {
    this.context = context;
    this.log = log;
    this.closing = closing;
  }

  /** Works until the server closes. */
  async run(): Promise<void> {
    while (!this.closing.aborted) {
      try {
        await this.follow();
      } catch (error) {
        this.log.error('garbage collection failed', { cause: messageOf(error) });
        await this.context.clock.sleep(RETRY_MS, this.closing).catch(() => undefined);
      }
    }
  }

  /** Scans everything once, then follows the changes. */
  private async follow(): Promise<void> {
    const { store } = this.context;
    let cursor = store.head;
    await this.scan();
    while (!this.closing.aborted) {
      const changes = store.recentAfter(cursor);
      if (changes === undefined) return;
      const waiting = new Map<string, RowKey>();
      for (const change of changes) {
        if (this.closing.aborted) return;
        for (const key of await this.review(change)) waiting.set(JSON.stringify(key), key);
        cursor = change.revision;
      }
      // Once for all changes of a batch: each look goes through everything that is left.
      for (const key of waiting.values()) await this.dying(key);
      await store.changed(cursor);
    }
  }

  private async scan(): Promise<void> {
    const { store } = this.context;
    let last: RowKey | undefined;
    for (;;) {
      const owned = await store.read(() => store.queries.owned(last, PAGE));
      await inTurns(this.context, owned, (key) => reviewDependent(this.context, key));
      last = owned.at(-1);
      if (last === undefined || this.closing.aborted) break;
    }
    for (const key of await store.read(() => store.queries.dying())) await this.dying(key);
  }

  private dying(key: RowKey): Promise<void> {
    return reviewDying(this.context, key, (row) => emptyNamespace(this.context, row));
  }

  /** Does what a change asks for; returns what waits for others and may go now. */
  private async review(change: Change): Promise<readonly RowKey[]> {
    const { store } = this.context;
    const { metadata } = change.document.object;
    const now = metadata.ownerReferences ?? [];
    const then = change.before?.object.metadata.ownerReferences ?? [];
    if (change.deleted) {
      const keys = await store.read(() => store.queries.dependents(metadata.uid));
      await inTurns(this.context, keys, (key) => reviewDependent(this.context, key));
      return [...(await this.waitingOwners(change, now)), ...namespaceOf(change)];
    }
    if (metadata.deletionTimestamp !== undefined) await this.dying(change);
    if (jsonEqual(now, then)) return [];
    await store.write(() => reviewDependent(this.context, change));
    return this.waitingOwners(change, then);
  }

  /** Owners that wait in the foreground for their dependents. */
  private async waitingOwners(
    key: RowKey,
    references: readonly OwnerReference[],
  ): Promise<readonly RowKey[]> {
    if (references.length === 0) return [];
    const rows = await this.context.store.read(() =>
      references.map((reference) => ownerRow(this.context, reference, key.namespace)),
    );
    return rows
      .filter((row) => row !== undefined)
      .filter((row) => waitsForDependents(row.document.object))
      .map(({ resource, namespace, name }) => ({ resource, namespace, name }));
  }
}

/** The namespace of an object: if it is being emptied, it may be empty now. */
function namespaceOf({ namespace }: RowKey): readonly RowKey[] {
  return namespace === '' ? [] : [{ resource: 'namespaces', namespace: '', name: namespace }];
}
