import type { Row } from '../storage/row.ts';
import { isCompacted } from '../storage/row.ts';
import type { Context } from './context.ts';
import { createObject } from './create.ts';
import { expired, isApiError } from '../model/errors.ts';
import { getObject, listObjects } from './read.ts';
import { removeObject } from './remove.ts';
import { filterOf } from './selection.ts';
import type { Document } from '../model/object.ts';
import type {
  Collection,
  DeleteOptions,
  ListResult,
  ObjectKey,
  ObjectService,
  Selection,
} from '../model/service.ts';
import { patchObject, updateObject } from './update.ts';
import { watchObjects } from './watch.ts';

const CHUNK = 200;

/** History went away between the check and the read. */
function asExpired(error: unknown): never {
  throw isCompacted(error) ? expired(error.message) : error;
}

/** Deletes one object of a collection, unless somebody else did in the meantime. */
function removeRow(
  context: Context,
  { resource }: Collection,
  row: Row,
  options: DeleteOptions,
): Document | undefined {
  const { name, namespace } = row;
  const key = { resource, name, ...(resource.namespaced ? { namespace } : {}) };
  const { uid } = row.document.object.metadata;
  try {
    return removeObject(context, key, { ...options, preconditions: { uid } }).document;
  } catch (error) {
    if (isApiError(error) && (error.status.code === 404 || error.status.code === 409)) {
      return undefined;
    }
    throw error;
  }
}

async function removeCollection(
  context: Context,
  collection: Collection,
  options: DeleteOptions & Selection,
): Promise<readonly Document[]> {
  const { store } = context;
  const { scope, matches } = filterOf(collection, options);
  const { preconditions: _none, ...each } = options;
  const removed: Document[] = [];
  let after: Row | undefined;
  do {
    // In chunks, so that others get their turn; objects that come meanwhile may stay, as upstream.
    const rows = await store.read(() =>
      store.page({ ...scope, at: store.head, limit: CHUNK, ...(after && { after }) }),
    );
    const chosen = rows.filter((row) => matches?.(row.document.object) !== false);
    const documents = await store.write(() =>
      chosen.map((row) => removeRow(context, collection, row, each)),
    );
    removed.push(...documents.filter((document) => document !== undefined));
    after = rows.length < CHUNK ? undefined : rows.at(-1);
  } while (after !== undefined);
  return removed;
}

/** The service over a store. `closing` ends all watches. */
export function objectService(context: Context, closing: AbortSignal): ObjectService {
  const { store, clock } = context;
  return {
    get: (key: ObjectKey) => store.read(() => getObject(store, key)),
    list: (collection, options = {}): Promise<ListResult> =>
      store.read(() => listObjects(store, collection, options)).catch(asExpired),
    create: (collection, body, options = {}) =>
      store.write(() => createObject(context, collection, body, options)),
    update: (key, body, options = {}) =>
      store.write(() => updateObject(context, key, body, options)),
    patch: (key, patch, options = {}) =>
      store.write(() => patchObject(context, key, patch, options)),
    remove: (key, options = {}) => store.write(() => removeObject(context, key, options)),
    deleteCollection: (collection, options = {}) =>
      removeCollection(context, collection, options).catch(asExpired),
    watch: (collection, options = {}) =>
      store.read(() => watchObjects({ store, clock, closing }, collection, options)),
  };
}
