import type { Context } from '../objects/context.ts';
import { FOREGROUND, ORPHAN } from '../objects/release.ts';
import type { StoredObject, StoredMeta } from '../model/object.ts';
import type { ServedResource } from '../model/resource.ts';
import type { Row, RowKey } from '../storage/row.ts';
import { resourceOf, reviewDependent, settle, waitsForDependents, withOwners } from './owners.ts';

/** A look at a dependent reads it and its owners: so many are a few milliseconds. */
const CHUNK = 20;

function withoutFinalizer(object: StoredObject, name: string): StoredObject {
  const { finalizers = [], ...rest } = object.metadata;
  const left = finalizers.filter((each) => each !== name);
  const metadata: StoredMeta = { ...rest, ...(left.length === 0 ? {} : { finalizers: left }) };
  return { ...object, metadata };
}

/** Takes one of our finalizers from an object that still has it. */
function release(context: Context, key: RowKey, name: string): void {
  const resource = resourceOf(context, key.resource);
  const row = context.store.queries.live(key);
  if (resource === undefined || row === undefined) return;
  settle(context, resource, row, withoutFinalizer(row.document.object, name));
}

/** Works through keys in turns of a bounded size. */
export async function inTurns(
  context: Context,
  keys: readonly RowKey[],
  work: (key: RowKey) => void,
): Promise<void> {
  for (let at = 0; at < keys.length; at += CHUNK) {
    const chunk = keys.slice(at, at + CHUNK);
    await context.store.write(() => chunk.forEach(work));
  }
}

function dependentsOf(context: Context, uid: string): Promise<readonly RowKey[]> {
  return context.store.read(() => context.store.queries.dependents(uid));
}

/** Whether a dependent keeps its owner from going. */
function isBlocking(context: Context, key: RowKey, owner: string): boolean {
  const object = context.store.queries.live(key)?.document.object;
  const references = object?.metadata.ownerReferences ?? [];
  return references.some(({ uid, blockOwnerDeletion }) => uid === owner && blockOwnerDeletion);
}

/** Deletes the dependents of an owner, and lets it go when none of them blocks it. */
async function foreground(context: Context, row: Row): Promise<void> {
  const { uid } = row.document.object.metadata;
  await inTurns(context, await dependentsOf(context, uid), (key) => reviewDependent(context, key));
  await context.store.write(() => {
    const left = context.store.queries.dependents(uid);
    if (!left.some((key) => isBlocking(context, key, uid))) release(context, row, FOREGROUND);
  });
}

/** Takes the name of an owner from its dependents, and lets it go. */
async function orphan(context: Context, row: Row): Promise<void> {
  const { uid } = row.document.object.metadata;
  await inTurns(context, await dependentsOf(context, uid), (key) => {
    const resource = resourceOf(context, key.resource);
    const dependent = context.store.queries.live(key);
    if (resource === undefined || dependent === undefined) return;
    const { object } = dependent.document;
    const others = (object.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
    settle(context, resource, dependent, withOwners(object, others));
  });
  await context.store.write(() => release(context, row, ORPHAN));
}

/** Does what the server's own finalizers ask for on an object that is being deleted. */
export async function reviewDying(
  context: Context,
  key: RowKey,
  emptyNamespace: (resource: ServedResource, row: Row) => Promise<void>,
): Promise<void> {
  const row = await context.store.read(() => context.store.queries.live(key));
  const resource = resourceOf(context, key.resource);
  if (resource === undefined || row === undefined) return;
  const { object } = row.document;
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined) return;
  if (waitsForDependents(object)) await foreground(context, row);
  else if (finalizers.includes(ORPHAN)) await orphan(context, row);
  if (resource.strategy.lifecycle?.held(object) === true) await emptyNamespace(resource, row);
}
