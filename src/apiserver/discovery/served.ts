import type { ServedResource } from '../model/resource.ts';

/** What discovery tells of a resource. */
export interface Served extends Pick<
  ServedResource,
  'group' | 'version' | 'kind' | 'plural' | 'singular' | 'short' | 'categories' | 'namespaced'
> {
  readonly verbs: readonly string[];
  readonly status: boolean;
}

/** What can be done to stored objects, in upstream's order. */
const OBJECT_VERBS = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

/** What can be done to the status of an object. */
export const STATUS_VERBS: readonly string[] = ['get', 'patch', 'update'];

/** A stored resource as discovery tells of it. */
export function describeResource(resource: ServedResource): Served {
  const { group, version, kind, plural, singular, short, categories, namespaced } = resource;
  const shared = { group, version, kind, plural, singular, short, categories, namespaced };
  // Namespaces are deleted one by one, as upstream.
  const verbs = namespaced
    ? OBJECT_VERBS
    : OBJECT_VERBS.filter((verb) => verb !== 'deletecollection');
  return { ...shared, verbs, status: resource.subresources.status };
}

/** A resource that only answers questions. */
export function describeReview(
  review: Pick<Served, 'group' | 'version' | 'kind' | 'plural' | 'singular'>,
): Served {
  const { group, version, kind, plural, singular } = review;
  return {
    group,
    version,
    kind,
    plural,
    singular,
    short: [],
    categories: [],
    namespaced: false,
    verbs: ['create'],
    status: false,
  };
}

/** `version` or `group/version`. */
export function groupVersion({ group, version }: Pick<Served, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Splits a list by a key, in the order of first appearance. */
export function grouped<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): ReadonlyMap<string, readonly Item[]> {
  const result = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const list = result.get(key) ?? [];
    list.push(item);
    result.set(key, list);
  }
  return result;
}
