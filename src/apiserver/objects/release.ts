import { timestamp } from '../../core/clock.ts';
import type { StoredMeta, StoredObject } from '../model/object.ts';
import type { ServedResource } from '../model/resource.ts';
import type { PropagationPolicy } from '../model/service.ts';

/** The finalizer that keeps an owner until its dependents are gone. */
export const FOREGROUND = 'foregroundDeletion';

/** The finalizer that keeps an owner until its dependents no longer name it. */
export const ORPHAN = 'orphan';

/** The object with another list in its metadata; the key goes with the last item. */
export function withList<Name extends 'finalizers' | 'ownerReferences' | 'managedFields'>(
  object: StoredObject,
  name: Name,
  items: NonNullable<StoredMeta[Name]>,
): StoredObject {
  const metadata: StoredMeta = { ...object.metadata, [name]: items };
  if (items.length === 0) Reflect.deleteProperty(metadata, name);
  return { ...object, metadata };
}

function finalizersOf(object: StoredObject): readonly string[] {
  return object.metadata.finalizers ?? [];
}

/** Whether anything still holds the object. */
export function isHeld(resource: ServedResource, object: StoredObject): boolean {
  return finalizersOf(object).length > 0 || resource.strategy.lifecycle?.held(object) === true;
}

/** Whether a deleted object may disappear now. */
export function isReleased(resource: ServedResource, object: StoredObject): boolean {
  return object.metadata.deletionTimestamp !== undefined && !isHeld(resource, object);
}

/** The object with the finalizer that a propagation policy asks for. */
export function withPolicy(object: StoredObject, policy: PropagationPolicy): StoredObject {
  const others = finalizersOf(object).filter((name) => name !== FOREGROUND && name !== ORPHAN);
  const own = { Background: [], Foreground: [FOREGROUND], Orphan: [ORPHAN] }[policy];
  return withList(object, 'finalizers', [...others, ...own]);
}

/** The object with the marks of a deletion; one that has them already stays as it is. */
export function markDeleted(
  resource: ServedResource,
  object: StoredObject,
  nowMs: number,
): StoredObject {
  if (object.metadata.deletionTimestamp !== undefined) return object;
  const { lifecycle } = resource.strategy;
  const { generation, ...metadata } = object.metadata;
  const marked: StoredObject = {
    ...object,
    metadata: {
      ...metadata,
      ...(generation === undefined ? {} : { generation: generation + 1 }),
      deletionTimestamp: timestamp(nowMs),
      ...(lifecycle === undefined ? { deletionGracePeriodSeconds: 0 } : {}),
    },
  };
  return lifecycle?.terminating(marked) ?? marked;
}
