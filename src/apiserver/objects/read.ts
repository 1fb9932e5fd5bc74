import type { Row } from '../storage/row.ts';
import type { Store } from '../storage/store.ts';
import { decodeToken, encodeToken } from './continue-token.ts';
import { existing } from './context.ts';
import { badRequest, expired, tooNew } from '../model/errors.ts';
import { assertKnown, parseRevision } from './revision.ts';
import { filterOf, type Filter } from './selection.ts';
import type { Document } from '../model/object.ts';
import type { Collection, ListOptions, ListResult, ObjectKey } from '../model/service.ts';

/** Where a page with a limit ends early: to read and parse more in one turn would hold up everybody. */
const PAGE_CHARACTERS = 2 ** 20;
/** SQLite's word for no limit. */
const ALL_ROWS = -1;

const TOKEN_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.';

/** Where a list begins: its revision, the key after which its items come, and how many they are. */
interface Start {
  readonly at: number;
  readonly after?: Row | { readonly namespace: string; readonly name: string };
  readonly rest?: number;
}

function startOf(store: Store, options: ListOptions): Start {
  const { continue: token = '', resourceVersionMatch: match = '' } = options;
  const asked = parseRevision(options.resourceVersion);
  if (token !== '') {
    if (asked !== undefined) {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    const { revision, after, rest } = decodeToken(token);
    if (revision > store.head) throw tooNew(revision, store.head);
    if (revision < store.compacted) throw expired(TOKEN_EXPIRED);
    return { at: revision, after, ...(rest === undefined ? {} : { rest }) };
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

/** Selected rows, and the last one that was looked at if there are more. */
interface Page {
  readonly rows: readonly Row[];
  readonly last?: Row;
}

/** Selected rows from a start on, as many as asked for, or fewer where they are large. */
function collect(store: Store, filter: Filter, start: Start, limit: number): Page {
  const { scope, matches } = filter;
  const rows: Row[] = [];
  const most = limit === Infinity ? Infinity : PAGE_CHARACTERS;
  let characters = 0;
  let last: Row | undefined;
  for (const row of store.rows({ ...scope, ...start, limit: ALL_ROWS })) {
    if (last !== undefined && characters >= most) return { rows, last };
    if (matches?.(row.document.object) !== false) {
      // One more than asked for shows whether there is a next page.
      if (last !== undefined && rows.length === limit) return { rows, last };
      rows.push(row);
    }
    characters += row.document.json.length;
    last = row;
  }
  return { rows };
}

/** How many rows come from a start on; unknown under a selector, as in Kubernetes. */
function countFrom(store: Store, { scope, matches }: Filter, start: Start): number | undefined {
  if (matches !== undefined || start.after !== undefined) return start.rest;
  return store.count(scope, start.at);
}

/** Lists a collection as it was at one revision; runs over committed state. */
export function listObjects(
  store: Store,
  collection: Collection,
  options: ListOptions,
): ListResult {
  const filter = filterOf(collection, options);
  const start = startOf(store, options);
  const limit = options.limit === undefined || options.limit <= 0 ? Infinity : options.limit;
  const { rows, last } = collect(store, filter, start, limit);
  const items = rows.map(({ document }) => document);
  const resourceVersion = String(start.at);
  if (last === undefined) return { items, resourceVersion };
  const after = { namespace: last.namespace, name: last.name };
  const count = countFrom(store, filter, start);
  if (count === undefined) {
    return { items, resourceVersion, continue: encodeToken({ revision: start.at, after }) };
  }
  const rest = Math.max(count - rows.length, 0);
  const token = encodeToken({ revision: start.at, after, rest });
  return { items, resourceVersion, continue: token, remainingItemCount: rest };
}

/** Reads one object; runs over committed state. */
export function getObject(store: Store, key: ObjectKey): Document {
  return existing(store, key).document;
}
