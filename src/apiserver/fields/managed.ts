import { isList, isObject, textOf } from '../../core/json.ts';
import type { ManagedEntry } from '../model/object.ts';
import { order } from './element.ts';
import { fromFieldsV1, isEmpty, toFieldsV1, type FieldSet } from './field-set.ts';

/** What a manager did last to its fields. */
export type Operation = 'Apply' | 'Update';

/** Who owns fields: a name, how it writes, and through which part of the object. */
export interface Manager {
  readonly manager: string;
  readonly operation: Operation;
  readonly apiVersion: string;
  readonly subresource?: string | undefined;
}

/** A manager with the fields that it owns. */
export interface Owner extends Manager {
  /** RFC 3339, whole seconds; absent if it never changed anything. */
  readonly time?: string | undefined;
  readonly set: FieldSet;
}

/** All owners of an object, by their identity. */
export type Owners = ReadonlyMap<string, Owner>;

/**
 * What tells two managers apart, in the words of upstream, which sorts by them; who applies stays the
 * same when it goes on to another version.
 */
export function identityOf({ manager, operation, apiVersion, subresource }: Manager): string {
  const version = operation === 'Apply' ? undefined : apiVersion;
  return JSON.stringify({
    manager: manager || undefined,
    operation,
    apiVersion: version,
    subresource,
  });
}

function ownerOf(entry: unknown): Owner {
  if (!isObject(entry)) throw new Error('an entry of managedFields is no object');
  const { operation, fieldsType, time } = entry;
  const apiVersion = textOf(entry['apiVersion']);
  if (operation !== 'Apply' && operation !== 'Update') {
    throw new Error('operation must be `Apply` or `Update`');
  }
  if (apiVersion === '') throw new Error('apiVersion must not be empty');
  if (fieldsType !== 'FieldsV1') throw new Error('fieldsType must be FieldsV1');
  return {
    manager: textOf(entry['manager']),
    operation,
    apiVersion,
    subresource: textOf(entry['subresource']) || undefined,
    time: typeof time === 'string' ? time : undefined,
    set: fromFieldsV1(entry['fieldsV1']),
  };
}

/** Reads `managedFields`. If an entry cannot be read, there are no owners, as upstream has it. */
export function readOwners(managedFields: unknown): Owners {
  try {
    const owners = (isList(managedFields) ? managedFields : []).map(ownerOf);
    return new Map(owners.map((owner) => [identityOf(owner), owner]));
  } catch {
    return new Map();
  }
}

function seconds(time: string | undefined): number {
  return time === undefined ? 0 : Math.floor(Date.parse(time) / 1000);
}

function partOf({ subresource = '' }: Owner): string {
  return subresource;
}

/** Oldest first, as Kubernetes lists and merges owners. */
export function byAge(left: Owner, right: Owner): number {
  return (
    seconds(left.time) - seconds(right.time) ||
    order(left.manager, right.manager) ||
    order(left.apiVersion, right.apiVersion) ||
    order(partOf(left), partOf(right))
  );
}

/** `metadata.managedFields` of these owners: those who apply first, then by age. */
export function writeOwners(owners: Owners): readonly ManagedEntry[] {
  return [...owners.values()]
    .sort((left, right) => order(left.operation, right.operation) || byAge(left, right))
    .map(({ manager, operation, apiVersion, time, set, subresource }) => ({
      manager,
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: toFieldsV1(set),
      ...(subresource === undefined ? {} : { subresource }),
    }));
}

/** The owners without those who own nothing. */
export function withoutEmpty(owners: Owners): Owners {
  return new Map([...owners].filter(([, { set }]) => !isEmpty(set)));
}
