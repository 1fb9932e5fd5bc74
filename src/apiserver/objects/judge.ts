import { invalid, tooLarge } from '../model/errors.ts';
import type { Draft } from './draft.ts';
import type { StoredObject, StoredMeta } from '../model/object.ts';
import type { FieldError, ServedResource } from '../model/resource.ts';

const MAX_OBJECT_CHARACTERS = 3 * 1024 * 1024;
const MAX_ERRORS = 100;

/** An object that passed its checks, and the fields that were dropped on the way. */
export interface Judged {
  readonly object: StoredObject;
  readonly unknown: readonly string[];
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
  const candidate = { ...head, metadata: meta, ...draft.rest };
  const checked = resource.strategy.check(candidate, old);
  const found = checked.errors.filter(
    ({ field }) => !statusOnly || field === 'status' || field.startsWith('status.'),
  );
  const all = [...errors, ...found].slice(0, MAX_ERRORS);
  if (all.length > 0) throw invalid(resource, meta.name, all);
  const { metadata: _meta, apiVersion: _version, kind: _kind, ...rest } = checked.object;
  const object: StoredObject = { ...head, metadata: meta, ...rest };
  return { object, unknown: [...draft.unknown, ...checked.unknown] };
}

/** Refuses an object that patches have made larger than any body may be. */
export function assertSize(object: StoredObject): void {
  if (JSON.stringify(object).length > MAX_OBJECT_CHARACTERS) {
    throw tooLarge('the object would be larger than 3 MiB');
  }
}
