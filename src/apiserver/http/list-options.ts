import { forbiddenField, notSupported, type FieldError } from '../../api/validation/field-error.ts';
import type { ListOptions, Selection, WatchOptions } from '../model/service.ts';
import { flag, whole, type Query } from './query.ts';
import { invalidOptions } from './refusals.ts';

/** A parameter; undefined if it is not there, or empty. */
function text(query: Query, name: string): string | undefined {
  return query.get(name) || undefined;
}

function selectionOf(query: Query): Selection {
  return {
    labelSelector: text(query, 'labelSelector'),
    fieldSelector: text(query, 'fieldSelector'),
  };
}

const MATCH = 'resourceVersionMatch';
const INITIAL = 'sendInitialEvents';

/** What is wrong with the words about revisions of a list. */
function listErrors(query: Query): readonly FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (field: string, why: string) => errors.push(forbiddenField(field, why));
  const match = text(query, MATCH);
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
  const match = text(query, MATCH);
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
    limit: limit > 0 ? limit : undefined,
    resourceVersion: text(query, 'resourceVersion'),
    resourceVersionMatch: text(query, MATCH),
    continue: text(query, 'continue'),
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
    resourceVersion: text(query, 'resourceVersion'),
    sendInitialEvents: query.has(INITIAL) ? flag(query, INITIAL) : undefined,
    allowBookmarks: flag(query, 'allowWatchBookmarks'),
    timeoutMs: seconds === 0 ? WATCH_MS : seconds * 1000,
    signal,
  };
}
