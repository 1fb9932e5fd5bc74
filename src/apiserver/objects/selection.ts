import type { Scope } from '../storage/row.ts';
import { parseFieldSelector } from './field-selector.ts';
import { parseLabelSelector } from './label-selector.ts';
import type { StoredObject } from '../model/object.ts';
import type { ServedResource } from '../model/resource.ts';
import type { Collection, Selection } from '../model/service.ts';

/** What a list or watch covers: where to look in the store, and which of it. */
export interface Filter {
  readonly scope: Scope;
  /** Undefined: everything in the scope. */
  readonly matches?: (object: StoredObject) => boolean;
}

/** The name under which a resource is stored. */
export function storageName(
  resource: Pick<ServedResource, 'group' | 'plural' | 'storage'>,
): string {
  if (resource.storage !== undefined) return resource.storage;
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

/** Turns a collection and its selectors into a filter; throws 400 on bad selectors. */
export function filterOf(collection: Collection, selection: Selection): Filter {
  const { resource, namespace } = collection;
  const labels = parseLabelSelector(selection.labelSelector);
  const fields = parseFieldSelector(resource, selection.fieldSelector);
  const scope: Scope = {
    resource: storageName(resource),
    namespace: namespace ?? (resource.namespaced ? fields?.namespace : undefined),
    name: fields?.name,
  };
  if (labels === undefined && fields === undefined) return { scope };
  return {
    scope,
    matches: (object) =>
      (labels?.(object.metadata.labels ?? {}) ?? true) && (fields?.matches(object) ?? true),
  };
}
