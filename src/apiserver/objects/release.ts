import { timestamp } from '../../core/clock.ts';
import type { KubeObject, PropagationPolicy, Resource } from './types.ts';

/** The finalizer that keeps an owner until its dependents are gone. */
export const FOREGROUND = 'foregroundDeletion';

/** The finalizer that keeps an owner until its dependents no longer name it. */
export const ORPHAN = 'orphan';

function finalizersOf(object: KubeObject): readonly string[] {
  return object.metadata.finalizers ?? [];
}

/** Whether anything still holds the object. */
export function isHeld(resource: Resource, object: KubeObject): boolean {
  return finalizersOf(object).length > 0 || resource.strategy.lifecycle?.held(object) === true;
}

/** Whether a deleted object may disappear now. */
export function isReleased(resource: Resource, object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined && !isHeld(resource, object);
}

/** The object with the finalizer that a propagation policy asks for. */
export function withPolicy(object: KubeObject, policy: PropagationPolicy): KubeObject {
  const others = finalizersOf(object).filter((name) => name !== FOREGROUND && name !== ORPHAN);
  const finalizers = {
    Background: others,
    Foreground: [...others, FOREGROUND],
    Orphan: [...others, ORPHAN],
  }[policy];
  const { finalizers: _old, ...metadata } = object.metadata;
  return { ...object, metadata: { ...metadata, ...(finalizers.length > 0 && { finalizers }) } };
}

/** The object with the marks of a deletion; one that has them already stays as it is. */
export function markDeleted(resource: Resource, object: KubeObject, nowMs: number): KubeObject {
  if (object.metadata.deletionTimestamp !== undefined) return object;
  const { generation, ...metadata } = object.metadata;
  const marked: KubeObject = {
    ...object,
    metadata: {
      ...metadata,
      ...(generation === undefined ? {} : { generation: generation + 1 }),
      deletionTimestamp: timestamp(nowMs),
      deletionGracePeriodSeconds: 0,
    },
  };
  return resource.strategy.lifecycle?.terminating(marked) ?? marked;
}
