import { GROUP, VERSION, type KindDefinition } from '../api/kind.ts';
import { KINDS } from '../api/kinds/all.ts';
import type { ObjectMeta } from '../api/object.ts';
import { impossible } from '../core/failure.ts';

/** How the API serves one kind. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Any object that the API serves, with or without a spec. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** Secrets of the core group. */
export const SECRETS: Resource = core('secrets', 'Secret');
/** Config maps of the core group. */
export const CONFIGMAPS: Resource = core('configmaps', 'ConfigMap');
/** Events of the core group: what `kubectl describe` and `kubectl get events` show. */
export const EVENTS: Resource = core('events', 'Event');
/** Namespaces. */
export const NAMESPACES: Resource = { ...core('namespaces', 'Namespace'), namespaced: false };
/** Leases: who leads, and until when. */
export const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

function core(plural: string, kind: string): Resource {
  return { group: '', version: 'v1', plural, kind, namespaced: true };
}

/** The definition of a kind of ours. */
export function definitionOf(kind: string): KindDefinition | undefined {
  return KINDS.find((definition) => definition.kind === kind);
}

/** The resource of a kind of ours. */
export function resourceOf(kind: string): Resource {
  const definition = definitionOf(kind);
  if (definition === undefined) {
    throw impossible('UnknownKind', `${kind} is no kind of ${GROUP}`, 'Correct the kind.');
  }
  return { group: GROUP, version: VERSION, plural: definition.plural, kind, namespaced: true };
}

/** What stands in `apiVersion` of objects of a resource. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Names a resource among all: two groups may use the same plural. */
export function resourceId({ group, plural }: Resource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** The URL path of a collection, an object or a subresource. */
export function pathOf(
  resource: Resource,
  namespace?: string,
  name?: string,
  subresource?: string,
): string {
  const { group, version, plural, namespaced } = resource;
  const root = group === '' ? ['api', version] : ['apis', group, version];
  const place = namespaced && namespace !== undefined ? ['namespaces', namespace] : [];
  const rest = [plural, name, subresource].filter((part) => part !== undefined);
  return `/${[...root, ...place, ...rest].map(encodeURIComponent).join('/')}`;
}

/** The key of an object in queues and indexes: `namespace/name`, or the name alone. */
export function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Key of an object by its metadata. */
export function keyOfObject({ metadata }: KubeObject): string {
  return keyOf(metadata.namespace, metadata.name);
}

/** The parts of a key. */
export function partsOfKey(key: string): { namespace: string | undefined; name: string } {
  const slash = key.indexOf('/');
  if (slash === -1) return { namespace: undefined, name: key };
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

const NUMBER = /^[1-9][0-9]*$/;

/**
 * Orders two resource versions: negative if `left` is older. Kubernetes promises decimal numbers of
 * any length that can be compared within one resource; anything else is unordered: undefined.
 */
export function compareVersions(
  left: string | undefined,
  right: string | undefined,
): number | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (left === right) return 0;
  if (!NUMBER.test(left) || !NUMBER.test(right)) return undefined;
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : 1;
}

/** True if `version` is known to be as new as `wanted`. */
export function reaches(version: string | undefined, wanted: string | undefined): boolean {
  const order = compareVersions(version, wanted);
  return order !== undefined && order >= 0;
}
