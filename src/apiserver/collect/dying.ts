import type { Context } from '../objects/context.ts';
import { FOREGROUND, ORPHAN, withList } from '../objects/release.ts';
import type { Row, RowKey } from '../storage/row.ts';
import { find, reviewDependent, settle, waitsForDependents } from './owners.ts';

/** A look at a dependent reads it and its owners: so many are a few milliseconds. */
const CHUNK = 20;

/** Takes one of our finalizers from an object that still has it. */
function release(context: Context, key: RowKey, name: string): void {
  const found = find(context, key);
  if (found === undefined) return;
  const left = (found.object.metadata.finalizers ?? []).filter((each) => each !== name);
  settle(context, found, withList(found.object, 'finalizers', left));
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
    const found = find(context, key);
    if (found === undefined) return;
    const { ownerReferences = [] } = found.object.metadata;
    const others = ownerReferences.filter((owner) => owner.uid !== uid);
    settle(context, found, withList(found.object, 'ownerReferences', others));
  });
  await context.store.write(() => release(context, row, ORPHAN));
}

/** Does what the server's own finalizers ask for on an object that is being deleted. */
export async function reviewDying(
  context: Context,
  key: RowKey,
  emptyNamespace: (row: Row) => Promise<void>,
): Promise<void> {
  const found = await context.store.read(() => find(context, key));
  if (found === undefined) return;
  const { resource, row, object } = found;
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined) return;
  if (waitsForDependents(object)) await foreground(context, row);
  else if (finalizers.includes(ORPHAN)) await orphan(context, row);
  if (resource.strategy.lifecycle?.held(object) === true) await emptyNamespace(row);
}
