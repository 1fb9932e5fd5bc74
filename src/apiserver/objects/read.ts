import type { Row } from '../storage/row.ts';
import type { Store } from '../storage/store.ts';
import { decodeToken, encodeToken } from './continue-token.ts';
import { existing } from './context.ts';
import { badRequest, expired, tooNew } from '../model/errors.ts';
import { assertKnown, parseRevision } from './revision.ts';
import { portionFrom, portions, type Start } from './portion.ts';
import { filterOf, type Filter } from './selection.ts';
import type { Document } from '../model/object.ts';
import type { Collection, ListOptions, ListResult, ObjectKey } from '../model/service.ts';

const TOKEN_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.';

/** Where a list begins, and how many items come from there on. */
interface ListStart extends Start {
  readonly rest?: number | undefined;
}

function startOf(store: Store, options: ListOptions): ListStart {
  const { continue: token = '', resourceVersionMatch: match = '' } = options;
  const asked = parseRevision(options.resourceVersion);
  if (token !== '') {
    if (asked !== undefined) {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    const { revision, after, rest } = decodeToken(token);
    if (revision > store.head) throw tooNew(revision, store.head);
    if (revision < store.compacted) throw expired(TOKEN_EXPIRED);
    return { at: revision, after, rest };
  }
  // A page of a revision is of exactly that one, as ever; all else may be newer.
  const isExact = match === 'Exact' || (match === '' && options.limit !== undefined);
  if (isExact && asked !== undefined) {
    assertKnown(store, asked);
    return { at: asked };
  }
  if (asked !== undefined && asked > store.head) throw tooNew(asked, store.head);
  return { at: store.head };
}

const documentOf = ({ document }: Row) => document;

/** How many rows come from a start on; unknown under a selector, as in Kubernetes. */
function countFrom(store: Store, { scope, matches }: Filter, start: ListStart): number | undefined {
  if (matches !== undefined || start.after !== undefined) return start.rest;
  return store.count(scope, start.at);
}

/** What a list without a limit has after its first portion. */
async function* documentsFrom(
  store: Store,
  filter: Filter,
  start: Start,
): AsyncGenerator<readonly Document[], void, undefined> {
  for await (const rows of portions(store, filter, start)) yield rows.map(documentOf);
}

/** Lists a collection as it was at one revision; runs over committed state. */
export function listObjects(
  store: Store,
  collection: Collection,
  options: ListOptions,
): ListResult {
  const filter = filterOf(collection, options);
  const start = startOf(store, options);
  const { limit = 0 } = options;
  const { rows, last } = portionFrom(store, filter, start, limit > 0 ? limit : Infinity);
  const items = rows.map(documentOf);
  const resourceVersion = String(start.at);
  if (last === undefined) return { items, resourceVersion };
  const { namespace, name } = last;
  const after = { namespace, name };
  if (limit <= 0) {
    return { items, more: documentsFrom(store, filter, { at: start.at, after }), resourceVersion };
  }
  const count = countFrom(store, filter, start);
  const rest = count === undefined ? undefined : Math.max(count - rows.length, 0);
  const next = encodeToken({ revision: start.at, after, ...(rest === undefined ? {} : { rest }) });
  return {
    items,
    resourceVersion,
    continue: next,
    ...(rest === undefined ? {} : { remainingItemCount: rest }),
  };
}

/** All items of a list, for who cannot take them one portion after the other. */
export async function wholeList({ items, more }: ListResult): Promise<readonly Document[]> {
  return [...items, ...(await Array.fromAsync(more ?? [])).flat()];
}

/** Reads one object; runs over committed state. */
export function getObject(store: Store, key: ObjectKey): Document {
  return existing(store, key).document;
}
