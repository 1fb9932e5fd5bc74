import { hexOf, sha256 } from '../../core/digest.ts';
import type { ServedResource } from '../model/resource.ts';

/** What discovery tells of a resource. */
export interface Served extends Pick<
  ServedResource,
  'group' | 'version' | 'kind' | 'plural' | 'singular' | 'short' | 'categories' | 'namespaced'
> {
  readonly verbs: readonly string[];
  readonly status: boolean;
  /** Tells under which version it is stored, as upstream's hash of it; absent on what is not stored. */
  readonly storageVersionHash?: string;
}

/** What can be done to stored objects, in upstream's order for built-in kinds. */
const OBJECT_VERBS = 'create delete deletecollection get list patch update watch'.split(' ');

/** The same, in the order of custom resources. */
const OWN_VERBS = 'delete deletecollection get list patch create update watch'.split(' ');

/** What can be done to the status of an object. */
export const STATUS_VERBS: readonly string[] = ['get', 'patch', 'update'];

/** A stored resource as discovery tells of it. */
export function describeResource(resource: ServedResource): Served {
  const { group, version, kind, plural, singular, short, categories, namespaced } = resource;
  const shared = { group, version, kind, plural, singular, short, categories, namespaced };
  const all = resource.definition === undefined ? OBJECT_VERBS : OWN_VERBS;
  // Namespaces are deleted one by one, as upstream.
  const verbs = namespaced ? all : all.filter((verb) => verb !== 'deletecollection');
  const digest = Buffer.from(hexOf(sha256(`${group}/${version}/${kind}`)), 'hex');
  const storageVersionHash = digest.subarray(0, 8).toString('base64');
  return { ...shared, verbs, status: resource.subresources.status, storageVersionHash };
}

/** A resource that only answers questions. */
export function describeReview(
  review: Pick<Served, 'group' | 'version' | 'kind' | 'plural' | 'singular'>,
): Served {
  const { group, version, kind, plural, singular } = review;
  const names = { group, version, kind, plural, singular, short: [], categories: [] };
  return { ...names, namespaced: false, verbs: ['create'], status: false };
}

/** `version` or `group/version`. */
export function groupVersion({ group, version }: Pick<Served, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}
