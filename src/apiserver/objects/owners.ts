import { jsonEqual } from '../../core/json.ts';
import { fieldRulesOf } from '../fields/rules.ts';
import { bare, managedAfterWrite, type Place } from '../fields/track.ts';
import type { ManagedEntry, StoredObject } from '../model/object.ts';
import type { ServedResource } from '../model/resource.ts';
import type { SentMeta } from './metadata.ts';
import { withList } from './release.ts';

/** Where and when an object is written. */
export function placeOf(resource: ServedResource, nowMs: number, subresource?: 'status'): Place {
  const { apiVersion, kind } = resource;
  const { always = {} } = resource.strategy;
  const rules = fieldRulesOf(resource, subresource);
  return { rules, apiVersion, kind, subresource, always, nowMs };
}

/** A write: what was there, what `managedFields` the client sent, who it is. */
export interface TrackedWrite {
  readonly old?: StoredObject;
  readonly sent: unknown;
  readonly manager: string;
  /** Who owns the fields, if an apply has already found out. */
  readonly owners?: readonly ManagedEntry[] | undefined;
}

/** The object with the owners of its fields after a write. */
export function tracked(place: Place, object: StoredObject, write: TrackedWrite): StoredObject {
  const owners = write.owners ?? managedAfterWrite(place, { ...write, next: object });
  return withList(object, 'managedFields', owners);
}

/** `managedFields` as a client sent it; an empty list counts on built-in kinds alone, as upstream. */
export function sentOwners({ definition }: ServedResource, { managedFields }: SentMeta): unknown {
  return definition !== undefined && managedFields?.length === 0 ? undefined : managedFields;
}

function timeless({ time: _time, ...entry }: ManagedEntry): Omit<ManagedEntry, 'time'> {
  return entry;
}

/** Whether nothing differs but the times at which owners wrote. */
export function isSameButTimes(left: StoredObject, right: StoredObject): boolean {
  const { managedFields: leftOwners = [] } = left.metadata;
  const { managedFields: rightOwners = [] } = right.metadata;
  return (
    jsonEqual(leftOwners.map(timeless), rightOwners.map(timeless)) &&
    jsonEqual(bare(left), bare(right))
  );
}
