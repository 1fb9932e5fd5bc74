import type { Clock } from '../../core/clock.ts';
import { isObject } from '../../core/json.ts';
import type { ApiRequest, ApiResponse } from '../../core/transport.ts';
import type { Body } from '../model/body.ts';
import { badRequest, type ApiError } from '../model/errors.ts';
import type { ServedResource } from '../model/resource.ts';
import type {
  Collection,
  DeleteResult,
  ObjectKey,
  ObjectService,
  WriteResult,
} from '../model/service.ts';
import { negotiate } from './accept.ts';
import { answer, streamAnswer, warningHeaders } from './answer.ts';
import { decodeBody, patchTypeOf } from './body.ts';
import { deleteOptionsOf } from './delete-options.ts';
import { listOptionsOf, watchOptionsOf } from './list-options.ts';
import { inForm } from './forms.ts';
import { flag, patchFlagsOf, writeOptionsOf, type Query } from './query.ts';
import { methodNotAllowed, noSuchPath } from './refusals.ts';
import { includeOf, listAnswer, objectAnswer, type Representation } from './represent.ts';
import type { Route } from './route.ts';
import { watchFrames } from './watch.ts';

/** What the handlers of resources need. */
export interface ResourceContext {
  readonly objects: ObjectService;
  readonly clock: Clock;
}

interface Call extends ResourceContext {
  readonly request: ApiRequest;
  readonly query: Query;
}

function representationOf(call: Call, resource: ServedResource, list = false): Representation {
  const kind = list ? 'PartialObjectMetadataList' : 'PartialObjectMetadata';
  return {
    ...negotiate(call.request.headers['accept'], kind),
    include: includeOf(call.query),
    resource,
    nowMs: call.clock.now(),
  };
}

async function list(call: Call, collection: Collection): Promise<ApiResponse> {
  const representation = representationOf(call, collection.resource, true);
  return listAnswer(await call.objects.list(collection, listOptionsOf(call.query)), representation);
}

async function watch(call: Call, collection: Collection): Promise<ApiResponse> {
  const representation = representationOf(call, collection.resource);
  const options = watchOptionsOf(call.query, call.request.signal);
  const events = await call.objects.watch(collection, options);
  return streamAnswer(watchFrames(events, representation, () => call.clock.now()));
}

/**
 * The body of a create or an update. For built-in kinds apiVersion and kind may be left out, since the
 * path says them: generated clients rely on it. For our own kinds upstream asks for them, so we do.
 */
function objectBody(call: Call, { apiVersion, kind, definition }: ServedResource): Body {
  const { value, duplicates } = decodeBody(call.request);
  if (definition !== undefined || !isObject(value)) return { value, duplicates };
  return { value: { apiVersion, kind, ...value }, duplicates };
}

function written(status: number, result: WriteResult, representation: Representation) {
  const { document, warnings } = result;
  return objectAnswer(status, document, representation, warningHeaders(warnings));
}

function userAgentOf({ request }: Call): string | undefined {
  return request.headers['user-agent'];
}

/** Across namespaces, and for namespaces themselves, upstream has no such route either. */
function notAcross({ definition }: ServedResource): ApiError {
  return definition === undefined ? methodNotAllowed() : noSuchPath();
}

async function create(call: Call, collection: Collection): Promise<ApiResponse> {
  const { resource, namespace } = collection;
  if ((namespace === undefined) === resource.namespaced) throw notAcross(resource);
  const representation = representationOf(call, resource);
  const options = writeOptionsOf(call.query, 'CreateOptions', userAgentOf(call));
  const { value, duplicates } = objectBody(call, resource);
  const result = await call.objects.create(collection, value, { ...options, duplicates });
  return written(201, result, representation);
}

async function update(call: Call, key: ObjectKey, subresource?: 'status'): Promise<ApiResponse> {
  const representation = representationOf(call, key.resource);
  const options = writeOptionsOf(call.query, 'UpdateOptions', userAgentOf(call));
  const { value, duplicates } = objectBody(call, key.resource);
  const result = await call.objects.update(key, value, {
    ...options,
    duplicates,
    ...(subresource === undefined ? {} : { subresource }),
  });
  return written(result.created === true ? 201 : 200, result, representation);
}

async function patch(call: Call, key: ObjectKey, subresource?: 'status'): Promise<ApiResponse> {
  const representation = representationOf(call, key.resource);
  const type = patchTypeOf(call.request, key.resource);
  const options = writeOptionsOf(call.query, 'PatchOptions', userAgentOf(call));
  const flags = patchFlagsOf(call.query, type);
  const { value, duplicates } = decodeBody(call.request);
  const result = await call.objects.patch(
    key,
    { type, body: value, ...flags },
    { ...options, duplicates, ...(subresource === undefined ? {} : { subresource }) },
  );
  return written(result.created === true ? 201 : 200, result, representation);
}

function deleteBody(call: Call): Readonly<Record<string, unknown>> {
  if (call.request.body === undefined || call.request.body.length === 0) return {};
  const { value } = decodeBody(call.request);
  if (!isObject(value)) throw badRequest('the body of a delete must be DeleteOptions');
  return value;
}

function deletedStatus(resource: ServedResource, { document }: DeleteResult): string {
  const { name, uid } = document.object.metadata;
  const group = resource.group === '' ? {} : { group: resource.group };
  return JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...group, kind: resource.plural, uid },
  });
}

async function remove(call: Call, key: ObjectKey): Promise<ApiResponse> {
  const representation = representationOf(call, key.resource);
  const options = deleteOptionsOf(call.query, deleteBody(call));
  const result = await call.objects.remove(key, options);
  if (result.gone) return answer(200, deletedStatus(key.resource, result));
  return objectAnswer(200, result.document, representation);
}

async function removeAll(call: Call, collection: Collection): Promise<ApiResponse> {
  if (collection.namespace === undefined) throw notAcross(collection.resource);
  const representation = representationOf(call, collection.resource, true);
  const options = deleteOptionsOf(call.query, deleteBody(call));
  const which = listOptionsOf(call.query);
  return listAnswer(
    await call.objects.deleteCollection(collection, { ...options, ...which }),
    representation,
  );
}

function onCollection(call: Call, collection: Collection): Promise<ApiResponse> {
  switch (call.request.method) {
    case 'GET':
      return flag(call.query, 'watch') ? watch(call, collection) : list(call, collection);
    case 'POST':
      return create(call, collection);
    case 'DELETE':
      return removeAll(call, collection);
    case 'PUT':
    case 'PATCH':
      throw methodNotAllowed();
  }
}

function subresourceOf(key: ObjectKey, name: string | undefined): 'status' | undefined {
  if (name === undefined) return undefined;
  if (name === 'status' && key.resource.subresources.status) return name;
  throw noSuchPath();
}

async function read(call: Call, key: ObjectKey, subresource?: 'status'): Promise<ApiResponse> {
  const representation = representationOf(call, key.resource);
  const options = subresource === undefined ? {} : { subresource };
  return objectAnswer(200, await call.objects.get(key, options), representation);
}

function onObject(call: Call, key: ObjectKey, part: string | undefined): Promise<ApiResponse> {
  const subresource = subresourceOf(key, part);
  switch (call.request.method) {
    case 'GET':
      return read(call, key, subresource);
    case 'PUT':
      return update(call, key, subresource);
    case 'PATCH':
      return patch(call, key, subresource);
    case 'DELETE':
      if (subresource !== undefined) throw methodNotAllowed();
      return remove(call, key);
    case 'POST':
      throw methodNotAllowed();
  }
}

/** Serves a request for a collection, an object or its status. Rejects with an ApiError. */
export async function serveResource(
  route: Route,
  request: ApiRequest,
  query: Query,
  context: ResourceContext,
): Promise<ApiResponse> {
  const { resource } = route.to === 'collection' ? route.collection : route.key;
  const objects = inForm(context.objects, resource);
  const call: Call = { ...context, objects, request, query };
  if (route.to === 'collection') return onCollection(call, route.collection);
  return onObject(call, route.key, route.subresource);
}
