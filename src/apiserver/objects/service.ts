import { isCompacted } from '../storage/row.ts';
import type { Context } from './context.ts';
import { createObject } from './create.ts';
import { expired, isApiError } from '../model/errors.ts';
import { getObject, listObjects, wholeList } from './read.ts';
import { removeObject } from './remove.ts';
import type {
  Collection,
  DeleteOptions,
  ListResult,
  ObjectKey,
  ObjectService,
} from '../model/service.ts';
import { patchObject, updateObject } from './update.ts';
import { watchObjects } from './watch.ts';

const CHUNK = 200;

/** History went away between the check and the read. */
function asExpired(error: unknown): never {
  throw isCompacted(error) ? expired(error.message) : error;
}

/** Deletes one object of a collection, unless somebody else did in the meantime. */
function removeListed(context: Context, key: ObjectKey, options: DeleteOptions): void {
  try {
    removeObject(context, key, options);
  } catch (error) {
    if (!isApiError(error) || error.status.code !== 404) throw error;
  }
}

/** Deletes what a list shows, and answers with that list, as upstream. */
async function removeCollection(
  context: Context,
  { resource }: Collection,
  list: ListResult,
  options: DeleteOptions,
): Promise<ListResult> {
  // A client that reads slowly must not keep alive what it wants to be gone.
  const items = await wholeList(list);
  // In chunks, so that others get their turn.
  for (let at = 0; at < items.length; at += CHUNK) {
    const chunk = items.slice(at, at + CHUNK);
    await context.store.write(() => {
      for (const { object } of chunk) {
        const { name, namespace } = object.metadata;
        const key = { resource, name, ...(namespace === undefined ? {} : { namespace }) };
        removeListed(context, key, options);
      }
    });
  }
  const { more: _, ...head } = list;
  return { ...head, items };
}

/** The service over a store. `closing` ends all watches. */
export function objectService(context: Context, closing: AbortSignal): ObjectService {
  const { store, clock } = context;
  const list: ObjectService['list'] = (collection, options = {}) =>
    store.read(() => listObjects(store, collection, options)).catch(asExpired);
  return {
    get: (key: ObjectKey) => store.read(() => getObject(store, key)),
    list,
    create: (collection, body, options = {}) =>
      store.write(() => createObject(context, collection, body, options)),
    update: (key, body, options = {}) =>
      store.write(() => updateObject(context, key, body, options)),
    patch: (key, patch, options = {}) =>
      store.write(() => patchObject(context, key, patch, options)),
    remove: (key, options = {}) => store.write(() => removeObject(context, key, options)),
    deleteCollection: async (collection, options = {}) =>
      removeCollection(context, collection, await list(collection, options), options),
    watch: (collection, options = {}) =>
      store.read(() => watchObjects({ store, clock, closing }, collection, options)),
  };
}
