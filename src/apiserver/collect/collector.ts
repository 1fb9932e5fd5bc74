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

/** Does what a change asks for; returns what waits for others and may go now. */
async function review(context: Context, change: Change): Promise<readonly RowKey[]> {
  const { store } = context;
  const { metadata } = change.document.object;
  const now = metadata.ownerReferences ?? [];
  const then = change.before?.object.metadata.ownerReferences ?? [];
  if (change.deleted) {
    const keys = await store.read(() => store.queries.dependents(metadata.uid));
    await inTurns(context, keys, (key) => reviewDependent(context, key));
    return [...(await waitingOwners(context, change, now)), ...namespaceOf(change)];
  }
  if (metadata.deletionTimestamp !== undefined) await dying(context, change);
  if (jsonEqual(now, then)) return [];
  await store.write(() => reviewDependent(context, change));
  return waitingOwners(context, change, then);
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
    const waiting = new Map<string, RowKey>();
    for (const change of changes) {
      if (closing.aborted) return;
      for (const key of await review(context, change)) waiting.set(JSON.stringify(key), key);
      cursor = change.revision;
    }
    // Once for all changes of a batch: each look goes through everything that is left.
    for (const key of waiting.values()) await dying(context, key);
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
