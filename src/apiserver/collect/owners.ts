import type { OwnerReference } from '../../api/object.ts';
import type { Place } from '../fields/track.ts';
import type { Context } from '../objects/context.ts';
import { placeOf, tracked } from '../objects/owners.ts';
import { removeObject } from '../objects/remove.ts';
import { FOREGROUND, isReleased, withList } from '../objects/release.ts';
import { storageName } from '../objects/selection.ts';
import type { StoredObject } from '../model/object.ts';
import type { ServedResource } from '../model/resource.ts';
import type { ObjectKey } from '../model/service.ts';
import type { Row, RowKey } from '../storage/row.ts';

/** `waiting`: the owner itself waits for its dependents to go. */
type OwnerState = 'solid' | 'gone' | 'waiting';

/** The resource that is stored under a name. */
export function resourceOf(context: Context, name: string): ServedResource | undefined {
  return context.resources.find((each) => storageName(each) === name);
}

/** Where the owner of a dependent would lie; undefined for kinds and versions that are not served here. */
function ownerKey(context: Context, reference: OwnerReference, namespace: string) {
  const { apiVersion, kind, name } = reference;
  const resource = context.resources.find(
    (each) => each.apiVersion === apiVersion && each.kind === kind,
  );
  if (resource === undefined) return undefined;
  // A namespaced owner of a cluster-scoped object cannot be found: never a reason to delete.
  if (resource.namespaced && namespace === '') return undefined;
  return {
    resource: storageName(resource),
    namespace: resource.namespaced ? namespace : '',
    name,
  };
}

/** The live owner that a reference means: name, kind and uid must all be right. */
export function ownerRow(
  context: Context,
  reference: OwnerReference,
  namespace: string,
): Row | undefined {
  const key = ownerKey(context, reference, namespace);
  const row = key === undefined ? undefined : context.store.queries.live(key);
  return row?.document.object.metadata.uid === reference.uid ? row : undefined;
}

/** Whether an object is deleted in the foreground, so that its dependents go first. */
export function waitsForDependents({ metadata }: StoredObject): boolean {
  const { deletionTimestamp, finalizers = [] } = metadata;
  return deletionTimestamp !== undefined && finalizers.includes(FOREGROUND);
}

function stateOf(context: Context, reference: OwnerReference, namespace: string): OwnerState {
  if (ownerKey(context, reference, namespace) === undefined) return 'solid';
  const row = ownerRow(context, reference, namespace);
  if (row === undefined) return 'gone';
  return waitsForDependents(row.document.object) ? 'waiting' : 'solid';
}

/** A live object with its resource. */
export interface Found {
  readonly resource: ServedResource;
  readonly row: Row;
  readonly object: StoredObject;
}

/** What lies at a key; undefined for what is gone, and for kinds that are no longer served. */
export function find(context: Context, key: RowKey): Found | undefined {
  const resource = resourceOf(context, key.resource);
  const row = context.store.queries.live(key);
  if (resource === undefined || row === undefined) return undefined;
  return { resource, row, object: row.document.object };
}

/** The key of a stored object, as the write path takes it. */
export function objectKey(resource: ServedResource, { namespace, name }: RowKey): ObjectKey {
  return { resource, name, ...(resource.namespaced ? { namespace } : {}) };
}

/** The name by which upstream's garbage collector and namespace controller write. */
const MANAGER = 'kube-controller-manager';

/** Stores an object as upstream's controllers write it. */
export function putBy(context: Context, place: Place, row: Row, object: StoredObject): void {
  const write = { old: row.document.object, sent: undefined, manager: MANAGER };
  context.store.put(row, tracked(place, object, write), row);
}

/** Stores an object, or removes it if nothing holds it any more. */
export function settle(context: Context, { resource, row }: Found, object: StoredObject): void {
  if (isReleased(resource, object)) context.store.drop(row);
  else putBy(context, placeOf(resource, context.clock.now()), row, object);
}

/**
 * Deletes a dependent whose last owner is gone, and lets go of owners that are gone while another is
 * left. Runs inside of a turn; safe to run again at any time.
 */
export function reviewDependent(context: Context, key: RowKey): void {
  const found = find(context, key);
  if (found === undefined) return;
  const { resource, object } = found;
  const { ownerReferences: owners = [], deletionTimestamp, uid } = object.metadata;
  if (owners.length === 0 || deletionTimestamp !== undefined) return;
  const states = owners.map((owner) => stateOf(context, owner, key.namespace));
  const solid = owners.filter((_, index) => states[index] === 'solid');
  if (solid.length === owners.length) return;
  if (solid.length > 0) {
    return settle(context, found, withList(object, 'ownerReferences', solid));
  }
  // Upstream tries again and again, and is refused each time.
  if (resource.strategy.lifecycle?.refuseDelete(key.name) !== undefined) return;
  const isChain = states.includes('waiting') && context.store.queries.dependents(uid).length > 0;
  const options = isChain ? { propagationPolicy: 'Foreground' as const } : {};
  removeObject(context, objectKey(resource, key), options);
}
