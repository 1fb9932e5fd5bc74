import { forbiddenField, notSupported, type FieldError } from '../../api/validation/field-error.ts';
import type { ListOptions, Selection, WatchOptions } from '../model/service.ts';
import { flag, whole, type Query } from './query.ts';
import { invalidOptions } from './refusals.ts';

/** The option that a parameter stands for, if it is there and not empty. */
function text<Option>(
  query: Query,
  name: string,
  option: (value: string) => Option,
): Option | undefined {
  const value = query.get(name);
  return value === null || value === '' ? undefined : option(value);
}

function selectionOf(query: Query): Selection {
  return {
    ...text(query, 'labelSelector', (labelSelector) => ({ labelSelector })),
    ...text(query, 'fieldSelector', (fieldSelector) => ({ fieldSelector })),
  };
}

const MATCH = 'resourceVersionMatch';
const INITIAL = 'sendInitialEvents';

/** What is wrong with the words about revisions of a list. */
function listErrors(query: Query): readonly FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (field: string, why: string) => errors.push(forbiddenField(field, why));
  const match = query.get(MATCH) || undefined;
  const version = query.get('resourceVersion');
  if (match !== undefined) {
    if (!version) refuse(MATCH, `${MATCH} is forbidden unless resourceVersion is provided`);
    if (query.get('continue')) refuse(MATCH, `${MATCH} is forbidden when continue is provided`);
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      errors.push(notSupported(MATCH, match, ['Exact', 'NotOlderThan', '']));
    }
    if (match === 'Exact' && version === '0') {
      refuse(MATCH, `${MATCH} "exact" is forbidden for resourceVersion "0"`);
    }
  }
  if (query.has(INITIAL)) refuse(INITIAL, `${INITIAL} is forbidden for list`);
  return errors;
}

/** What is wrong with the words about revisions of a watch. */
function watchErrors(query: Query): readonly FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (why: string) => errors.push(forbiddenField(MATCH, why));
  const match = query.get(MATCH) || undefined;
  const isFitting = match === 'NotOlderThan';
  if (query.has(INITIAL) && !isFitting) {
    refuse(`${INITIAL} requires setting ${MATCH} to NotOlderThan`);
  }
  if (match === undefined) return errors;
  if (!query.has(INITIAL)) {
    refuse(`${MATCH} is forbidden for watch unless ${INITIAL} is provided`);
  }
  if (!isFitting) errors.push(notSupported(MATCH, match, ['NotOlderThan']));
  if (query.get('continue')) refuse(`${MATCH} is forbidden when continue is provided`);
  return errors;
}

/** The options of a list. */
export function listOptionsOf(query: Query): ListOptions {
  const limit = whole(query, 'limit') ?? 0;
  const errors = listErrors(query);
  if (errors.length > 0) throw invalidOptions('ListOptions', errors);
  return {
    ...selectionOf(query),
    ...(limit > 0 ? { limit } : {}),
    ...text(query, 'resourceVersion', (resourceVersion) => ({ resourceVersion })),
    ...text(query, MATCH, (resourceVersionMatch) => ({ resourceVersionMatch })),
    ...text(query, 'continue', (token) => ({ continue: token })),
  };
}

/** Watches end after this time if the client sets none, so that load spreads again. */
const WATCH_MS = 2_700_000;

/** The options of a watch. */
export function watchOptionsOf(query: Query, signal: AbortSignal | undefined): WatchOptions {
  const seconds = whole(query, 'timeoutSeconds') ?? 0;
  const errors = watchErrors(query);
  if (errors.length > 0) throw invalidOptions('ListOptions', errors);
  return {
    ...selectionOf(query),
    ...text(query, 'resourceVersion', (resourceVersion) => ({ resourceVersion })),
    ...(query.has(INITIAL) ? { sendInitialEvents: flag(query, INITIAL) } : {}),
    allowBookmarks: flag(query, 'allowWatchBookmarks'),
    timeoutMs: seconds === 0 ? WATCH_MS : seconds * 1000,
    ...(signal === undefined ? {} : { signal }),
  };
}
