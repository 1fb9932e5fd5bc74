import type { FieldError } from '../../api/validation/field-error.ts';
import { isBlocked } from '../../api/validation/check.ts';
import { invalid, tooLarge } from '../model/errors.ts';
import type { Draft } from './draft.ts';
import type { StoredObject, StoredMeta } from '../model/object.ts';
import type { ServedResource } from '../model/resource.ts';

/** What etcd takes: a larger object could never move to a cluster. */
const MAX_OBJECT_BYTES = 1.5 * 1024 * 1024;
const MAX_ERRORS = 100;

/** An object that passed its checks, and whether fields were dropped on the way. */
export interface Judged {
  readonly object: StoredObject;
  readonly isPruned: boolean;
}

/** What is judged, and against what. */
export interface Judgement {
  readonly resource: ServedResource;
  readonly draft: Draft;
  readonly meta: StoredMeta;
  readonly old?: StoredObject;
  /** What is wrong with the metadata. */
  readonly errors: readonly FieldError[];
  /** Only the status is written: what is wrong elsewhere was there before. */
  readonly statusOnly?: boolean;
}

/** Errors below the status, in the words of upstream, which looks at it alone. */
function ofStatus(error: FieldError): readonly FieldError[] {
  if (!/^status\b/.test(error.field)) return [];
  const message = error.message.replace(/: status\.?(\S*) in body/, ': $1 in body');
  return [{ ...error, message }];
}

/** Says that the rules of a kind were not looked at, if there are any. */
function unchecked(
  { definition }: ServedResource,
  errors: readonly FieldError[],
): readonly FieldError[] {
  if (definition === undefined || definition.rules.length === 0 || !isBlocked(errors)) return [];
  const message =
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
  return [{ field: '<nil>', type: 'FieldValueInvalid', message }];
}

/** Prunes, defaults and checks an object that is about to be stored; 422 lists all that is wrong. */
export function judge({
  resource,
  draft,
  meta,
  old,
  errors,
  statusOnly = false,
}: Judgement): Judged {
  const head = { apiVersion: resource.apiVersion, kind: resource.kind };
  const candidate = { ...head, kind: draft.kind, metadata: meta, ...draft.rest };
  const isEarly = isBlocked(errors);
  const checked = resource.strategy.check(candidate, {
    old,
    withoutRules: isEarly,
    keepsNulls: draft.keepsNulls === true,
  });
  const found = statusOnly ? checked.errors.flatMap(ofStatus) : checked.errors;
  const all = [...errors, ...found].slice(0, MAX_ERRORS);
  if (all.length > 0) {
    const told = typeof draft.kind === 'string' ? { ...resource, kind: draft.kind } : resource;
    throw invalid(told, meta.name, [...all, ...unchecked(resource, all)]);
  }
  const { metadata: _meta, apiVersion: _version, kind: _kind, ...rest } = checked.object;
  const object: StoredObject = { ...head, metadata: meta, ...rest };
  return { object, isPruned: checked.unknown.length > 0 };
}

/** Refuses an object that is larger than any cluster takes. */
export function assertSize(object: StoredObject): void {
  if (Buffer.byteLength(JSON.stringify(object)) > MAX_OBJECT_BYTES) {
    throw tooLarge('the object would be larger than 1.5 MiB');
  }
}
