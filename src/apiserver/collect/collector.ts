import type { OwnerReference } from '../../api/object.ts';
import { messageOf } from '../../core/failure.ts';
import { jsonEqual } from '../../core/json.ts';
import type { Log } from '../../host/log.ts';
import type { Document } from '../model/object.ts';
import type { Context } from '../objects/context.ts';
import type { Change, RowKey } from '../storage/row.ts';
import { inTurns, reviewDying } from './dying.ts';
import { emptyNamespace } from './namespaces.ts';
import { ownerRow, reviewDependent, waitsForDependents } from './owners.ts';

const RETRY_MS = 1000;
const PAGE = 1000;

function dying(context: Context, key: RowKey): Promise<void> {
  return reviewDying(context, key, (row) => emptyNamespace(context, row));
}

/** Owners that wait in the foreground for their dependents. */
async function waitingOwners(
  context: Context,
  key: RowKey,
  references: readonly OwnerReference[],
): Promise<readonly RowKey[]> {
  if (references.length === 0) return [];
  const rows = await context.store.read(() =>
    references.map((reference) => ownerRow(context, reference, key.namespace)),
  );
  return rows
    .filter((row) => row !== undefined)
    .filter((row) => waitsForDependents(row.document.object))
    .map(({ resource, namespace, name }) => ({ resource, namespace, name }));
}

/** The namespace of an object: if it is being emptied, it may be empty now. */
function namespaceOf({ namespace }: RowKey): readonly RowKey[] {
  return namespace === '' ? [] : [{ resource: 'namespaces', namespace: '', name: namespace }];
}

function ownersIn(document: Document | undefined): readonly OwnerReference[] {
  return document?.object.metadata.ownerReferences ?? [];
}

/** Looks at all that has other owners than before; returns what waits for others and may go now. */
async function reviewOwned(
  context: Context,
  changes: readonly Change[],
): Promise<readonly RowKey[]> {
  const owned = changes.filter(
    ({ deleted, document, before }) => !deleted && !jsonEqual(ownersIn(document), ownersIn(before)),
  );
  await inTurns(context, owned, (key) => reviewDependent(context, key));
  const waiting: RowKey[] = [];
  for (const change of owned) {
    waiting.push(...(await waitingOwners(context, change, ownersIn(change.before))));
  }
  return waiting;
}

/** Does what the end of an object asks for; returns what waited for it and may go now. */
async function review(context: Context, change: Change): Promise<readonly RowKey[]> {
  const { store } = context;
  const { metadata } = change.document.object;
  if (change.deleted) {
    const keys = await store.read(() => store.queries.dependents(metadata.uid));
    await inTurns(context, keys, (key) => reviewDependent(context, key));
    const owners = await waitingOwners(context, change, ownersIn(change.document));
    return [...owners, ...namespaceOf(change)];
  }
  if (metadata.deletionTimestamp !== undefined) await dying(context, change);
  return [];
}

async function scan(context: Context, closing: AbortSignal): Promise<void> {
  const { store } = context;
  let last: RowKey | undefined;
  for (;;) {
    const owned = await store.read(() => store.queries.owned(last, PAGE));
    await inTurns(context, owned, (key) => reviewDependent(context, key));
    last = owned.at(-1);
    if (last === undefined || closing.aborted) break;
  }
  for (const key of await store.read(() => store.queries.dying())) await dying(context, key);
}

/** Scans everything once, then follows the changes. */
async function follow(context: Context, closing: AbortSignal): Promise<void> {
  const { store } = context;
  let cursor = store.head;
  await scan(context, closing);
  while (!closing.aborted) {
    const changes = store.recentAfter(cursor);
    if (changes === undefined) return;
    const waiting = [...(await reviewOwned(context, changes))];
    for (const change of changes) {
      if (closing.aborted) return;
      waiting.push(...(await review(context, change)));
    }
    // Once for all changes of a batch: each look goes through everything that is left.
    const keys = new Map(waiting.map((key) => [JSON.stringify(key), key]));
    for (const key of keys.values()) await dying(context, key);
    cursor = changes.at(-1)?.revision ?? cursor;
    await store.changed(cursor);
  }
}

/**
 * Deletes what nobody owns any more, and empties namespaces, until the server closes. It follows the
 * history like any watcher; every step looks at the stored state only, so after a crash a scan of that
 * state is all it needs.
 */
export async function collectGarbage(
  context: Context,
  log: Log,
  closing: AbortSignal,
): Promise<void> {
  while (!closing.aborted) {
    try {
      await follow(context, closing);
    } catch (error) {
      log.error('garbage collection failed', { cause: messageOf(error) });
      await context.clock.sleep(RETRY_MS, closing).catch(() => undefined);
    }
  }
}
