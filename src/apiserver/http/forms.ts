import { isList, isObject } from '../../core/json.ts';
import { otherFields, otherName } from '../model/form.ts';
import type { Document, StoredObject } from '../model/object.ts';
import type { Form, ServedResource } from '../model/resource.ts';
import type { Collection, ObjectService, Patch, WatchEvent } from '../model/service.ts';
import { assertType } from '../objects/draft.ts';
import { documentOf } from '../storage/document.ts';

/** Documents by what they show, so that a change is written once however many watch it. */
const shownDocuments = new WeakMap<Document, Document>();

function otherPath(form: Form, path: unknown): unknown {
  if (typeof path !== 'string') return path;
  return path.replace(/^\/([^/]*)/, (_, name: string) => `/${otherName(form, name)}`);
}

/** A resource that is a form of another: what is stored, and what is shown of it. */
class View {
  private readonly resource: ServedResource;
  private readonly form: Form;

  constructor(resource: ServedResource, form: Form) {
    this.resource = resource;
    this.form = form;
  }

  place<Where extends Collection>(where: Where): Where {
    return { ...where, resource: this.form.of };
  }

  shown(document: Document): Document {
    const { apiVersion } = this.resource;
    const kept = shownDocuments.get(document);
    if (kept !== undefined) return kept;
    const fields = otherFields(this.form, document.object);
    const { kind, metadata } = document.object;
    const object: StoredObject = { ...fields, apiVersion, kind, metadata };
    const made = documentOf(object);
    shownDocuments.set(document, made);
    return made;
  }

  /** A body as it would come for what is stored; of no type, what else is wrong is told later. */
  stored(body: unknown): unknown {
    if (!isObject(body)) return body;
    const { apiVersion } = this.form.of;
    return { ...otherFields(this.form, body), ...('apiVersion' in body ? { apiVersion } : {}) };
  }

  /** The whole of an object: it must say that it is of this form. */
  object(body: unknown): unknown {
    if (isObject(body)) assertType(this.resource, body);
    return this.stored(body);
  }

  patch(patch: Patch): Patch {
    const { type, body } = patch;
    if (type === 'apply') return { ...patch, body: this.object(body) };
    if (type !== 'json') return { ...patch, body: this.stored(body) };
    if (!isList(body)) return patch;
    const changed = body.map((step) =>
      isObject(step)
        ? {
            ...step,
            path: otherPath(this.form, step['path']),
            ...('from' in step ? { from: otherPath(this.form, step['from']) } : {}),
          }
        : step,
    );
    return { ...patch, body: changed };
  }

  async *events(events: AsyncIterable<WatchEvent>): AsyncGenerator<WatchEvent> {
    const { apiVersion } = this.resource;
    for await (const event of events) {
      if (event.document !== undefined) {
        const document = this.shown(event.document);
        yield { ...event, document, json: document.json };
      } else if (event.type === 'BOOKMARK') {
        const mark: unknown = JSON.parse(event.json);
        yield { ...event, json: JSON.stringify({ ...(isObject(mark) ? mark : {}), apiVersion }) };
      } else yield event;
    }
  }
}

/** The objects of a resource, as clients of its form see and send them. */
export function inForm(objects: ObjectService, resource: ServedResource): ObjectService {
  if (resource.form === undefined) return objects;
  const view = new View(resource, resource.form);
  const shown = <Result extends { readonly document: Document }>(result: Result): Result => ({
    ...result,
    document: view.shown(result.document),
  });
  const listed = <Result extends { readonly items: readonly Document[] }>(
    list: Result,
  ): Result => ({
    ...list,
    items: list.items.map((item) => view.shown(item)),
  });
  return {
    get: async (key, options) => view.shown(await objects.get(view.place(key), options)),
    list: async (where, options) => listed(await objects.list(view.place(where), options)),
    create: async (where, body, options) =>
      shown(await objects.create(view.place(where), view.object(body), options)),
    update: async (key, body, options) =>
      shown(await objects.update(view.place(key), view.object(body), options)),
    patch: async (key, patch, options) =>
      shown(await objects.patch(view.place(key), view.patch(patch), options)),
    remove: async (key, options) => shown(await objects.remove(view.place(key), options)),
    deleteCollection: async (where, options) =>
      listed(await objects.deleteCollection(view.place(where), options)),
    watch: async (where, options) => view.events(await objects.watch(view.place(where), options)),
  };
}
