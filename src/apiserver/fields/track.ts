import { timestamp } from '../../core/clock.ts';
import { isList, isObject, jsonEqual } from '../../core/json.ts';
import type { ManagedEntry } from '../model/object.ts';
import type { Fields } from './atom.ts';
import { difference, EMPTY, isEmpty, setOfFields, union, type FieldSet } from './field-set.ts';
import {
  byAge,
  identityOf,
  readOwners,
  withoutEmpty,
  writeOwners,
  type Manager,
  type Owner,
  type Owners,
} from './managed.ts';
import { settled } from './settle.ts';
import { takeFrom, type Change, type FieldRules } from './updater.ts';
import { shapeErrors } from './valid.ts';

/** Where and when fields are written. */
export interface Place {
  readonly rules: FieldRules;
  readonly apiVersion: string;
  readonly kind: string;
  readonly subresource?: string | undefined;
  /** What an object has although nobody said it. */
  readonly always: Fields;
  readonly nowMs: number;
}

/** How many managers that do not apply are told apart. */
const MAX_UPDATERS = 10;

const ANCIENT = 'ancient-changes';

/** Fields that nobody owns. */
const UNOWNED = setOfFields(
  ...'apiVersion kind metadata metadata.name metadata.namespace metadata.uid'.split(' '),
  ...'metadata.creationTimestamp metadata.resourceVersion metadata.generation'.split(' '),
  ...'metadata.managedFields metadata.selfLink metadata.clusterName'.split(' '),
);

/** What of a set can be owned. */
export function ownable(set: FieldSet): FieldSet {
  return difference(set, UNOWNED);
}

/** An object of which nothing is said yet. */
export function emptyObject({ apiVersion, kind, always }: Place): Fields {
  return { ...always, apiVersion, kind };
}

/** The manager that writes in this place. */
export function managerAt(
  { apiVersion, subresource }: Place,
  manager: string,
  operation: Manager['operation'],
): Manager {
  return { manager: manager === '' ? 'unknown' : manager, operation, apiVersion, subresource };
}

/** The object as its fields are compared: owners are no field. */
export function bare(object: Fields): Fields {
  const { metadata } = object;
  if (!isObject(metadata)) return object;
  const { managedFields: _owners, ...rest } = metadata;
  return { ...object, metadata: rest };
}

/** Owners under the version and schema that are served: what else they owned cannot be known. */
export function currentOwners(owners: Owners, { rules, apiVersion }: Place): Owners {
  const current = [...owners].filter(([, owner]) => owner.apiVersion === apiVersion);
  return new Map(
    current.map(([id, owner]) => [id, { ...owner, set: settled(owner.set, rules.shape) }]),
  );
}

/** Merges the oldest of too many managers into one. */
function capped(owners: Owners): Owners {
  const updaters = [...owners.values()].filter(({ operation }) => operation === 'Update');
  const surplus = updaters.length - MAX_UPDATERS;
  if (surplus <= 0) return owners;
  const merged = updaters.sort(byAge).slice(0, surplus + 1);
  const [oldest] = merged;
  const last = merged.at(-1);
  if (oldest === undefined || last === undefined) return owners;
  const set = merged.reduce<FieldSet>((sum, owner) => union(sum, owner.set), oldest.set);
  const { apiVersion, time } = last;
  const bucket: Owner = { manager: ANCIENT, operation: 'Update', apiVersion, time, set };
  const gone = new Set(merged.map(identityOf));
  const kept = [...owners].filter(([id]) => !gone.has(id));
  return new Map([...kept, [identityOf(bucket), bucket]]);
}

/** The owners after a write that is no apply: who changes a field owns it. */
export function ownersAfterWrite(
  owners: Owners,
  place: Place,
  manager: string,
  change: Change,
): Owners {
  // What the writer owned already is seen to change too.
  const taken = takeFrom(currentOwners(owners, place), change, place.rules);
  if (isEmpty(taken.changed)) return capped(taken.owners);
  const writer = managerAt(place, manager, 'Update');
  const id = identityOf(writer);
  const set = union(ownable(taken.changed), taken.owners.get(id)?.set ?? EMPTY);
  const self: Owner = { ...writer, set, time: timestamp(place.nowMs) };
  return capped(withoutEmpty(new Map([...taken.owners, [id, self]])));
}

/** A write that is no apply. */
export interface Write {
  /** The object before; absent if it is created. */
  readonly old?: Fields;
  readonly next: Fields;
  /** `managedFields` as the client sent it. */
  readonly sent: unknown;
  /** Who writes. */
  readonly manager: string;
}

/** An empty list, or one with an empty entry, asks to forget all owners. */
function isReset(sent: unknown): boolean {
  if (!isList(sent)) return false;
  const [first] = sent;
  return sent.length === 0 || (sent.length === 1 && isObject(first) && jsonEqual(first, {}));
}

function startingOwners({ subresource }: Place, { old, sent }: Write): Owners {
  const metadata = old?.['metadata'];
  const known = () => readOwners(isObject(metadata) ? metadata['managedFields'] : undefined);
  if (subresource !== undefined) return known();
  if (isReset(sent)) return new Map();
  // Clients that do not know the field must not delete it by accident.
  const asked = readOwners(sent);
  return asked.size > 0 ? asked : known();
}

/** `managedFields` after a write; empty if owners are not tracked. */
export function managedAfterWrite(place: Place, write: Write): readonly ManagedEntry[] {
  const owners = startingOwners(place, write);
  if (owners.size === 0 && write.old !== undefined) return [];
  const { rules } = place;
  const live = write.old === undefined ? emptyObject(place) : bare(write.old);
  const next = bare(write.next);
  const isMergeable = [live, next].every(
    (object) => shapeErrors(object, rules.shape, { mayRepeat: true }) === undefined,
  );
  if (!isMergeable) return [];
  return writeOwners(ownersAfterWrite(owners, place, write.manager, { live, next }));
}
