import { isList, isObject } from '../../core/json.ts';
import { memo } from '../../core/memo.ts';
import { otherFields, otherName } from '../model/form.ts';
import type { Document } from '../model/object.ts';
import type { Form, ServedResource } from '../model/resource.ts';
import type { Collection, ListResult, ObjectService, Patch, WatchEvent } from '../model/service.ts';
import { assertType } from '../objects/draft.ts';
import { documentOf } from '../storage/document.ts';

function otherPath(form: Form, path: unknown): unknown {
  if (typeof path !== 'string') return path;
  return path.replace(/^\/([^/]*)/, (_, name: string) => `/${otherName(form, name)}`);
}

function otherStep(form: Form, step: unknown): unknown {
  if (!isObject(step)) return step;
  const from = 'from' in step ? { from: otherPath(form, step['from']) } : {};
  return { ...step, path: otherPath(form, step['path']), ...from };
}

/** A body as it would come for what is stored; of no type, what else is wrong is told later. */
function stored(form: Form, body: unknown): unknown {
  if (!isObject(body)) return body;
  const { apiVersion } = form.of;
  return { ...otherFields(form, body), ...('apiVersion' in body ? { apiVersion } : {}) };
}

/** The whole of an object: it must say that it is of this form. */
function storedObject(resource: ServedResource, form: Form, body: unknown): unknown {
  if (isObject(body)) assertType(resource, body);
  return stored(form, body);
}

function storedPatch(resource: ServedResource, form: Form, patch: Patch): Patch {
  const { type, body } = patch;
  if (type === 'apply') return { ...patch, body: storedObject(resource, form, body) };
  if (type !== 'json') return { ...patch, body: stored(form, body) };
  return isList(body) ? { ...patch, body: body.map((step) => otherStep(form, step)) } : patch;
}

/** What a resource shows of a document: once for each, so that a change is written once however many watch it. */
const shower = memo(({ apiVersion, form }: ServedResource) =>
  memo((document: Document): Document => {
    if (form === undefined) return document;
    const { kind, metadata } = document.object;
    return documentOf({ ...otherFields(form, document.object), apiVersion, kind, metadata });
  }),
);

async function* shownEvents(
  resource: ServedResource,
  events: AsyncIterable<WatchEvent>,
): AsyncGenerator<WatchEvent> {
  const { apiVersion } = resource;
  for await (const event of events) {
    if (event.document !== undefined) {
      const document = shower(resource)(event.document);
      yield { ...event, document, json: document.json };
    } else if (event.type === 'BOOKMARK') {
      const mark: unknown = JSON.parse(event.json);
      yield { ...event, json: JSON.stringify({ ...(isObject(mark) ? mark : {}), apiVersion }) };
    } else yield event;
  }
}

async function* mapped<From, To>(
  items: AsyncIterable<From>,
  change: (item: From) => To,
): AsyncGenerator<To, void, undefined> {
  for await (const item of items) yield change(item);
}

/** The objects of a resource, as clients of its form see and send them. */
export function inForm(objects: ObjectService, resource: ServedResource): ObjectService {
  const { form } = resource;
  if (form === undefined) return objects;
  const view = shower(resource);
  const place = <Where extends Collection>(where: Where): Where => ({
    ...where,
    resource: form.of,
  });
  const object = (body: unknown) => storedObject(resource, form, body);
  const shown = <Result extends { readonly document: Document }>(result: Result): Result => ({
    ...result,
    document: view(result.document),
  });
  const listed = (list: ListResult): ListResult => ({
    ...list,
    items: list.items.map(view),
    ...(list.more === undefined ? {} : { more: mapped(list.more, (items) => items.map(view)) }),
  });
  return {
    get: async (key, options) => view(await objects.get(place(key), options)),
    list: async (where, options) => listed(await objects.list(place(where), options)),
    create: async (where, body, options) =>
      shown(await objects.create(place(where), object(body), options)),
    update: async (key, body, options) =>
      shown(await objects.update(place(key), object(body), options)),
    patch: async (key, patch, options) =>
      shown(await objects.patch(place(key), storedPatch(resource, form, patch), options)),
    remove: async (key, options) => shown(await objects.remove(place(key), options)),
    deleteCollection: async (where, options) =>
      listed(await objects.deleteCollection(place(where), options)),
    watch: async (where, options) =>
      shownEvents(resource, await objects.watch(place(where), options)),
  };
}
