import { GROUP } from '../api/kind.ts';
import { KINDS } from '../api/kinds/all.ts';
import { EVENTS, LEASES, resourceOf, SECRETS, type Resource } from '../kube/resource.ts';
import { CHILDREN, FINALIZERS } from '../reconcilers/objects.ts';

/** The lease that controllers of one installation share. */
export const LEASE_NAME = 'lamina-controller';
/** Controllers of all namespaces are at home in none; this one is everywhere. */
const LEASE_NAMESPACE = 'kube-system';
const ROLE = 'lamina-controller';

/** A rule of a Role. */
interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

interface Right {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
}

/** Where the lease is. */
export function leaseNamespace(onlyNamespace: string | undefined): string {
  return onlyNamespace ?? LEASE_NAMESPACE;
}

function rights({ group, plural }: Resource, ...verbs: readonly string[]): readonly Right[] {
  return verbs.map((verb) => ({ group, resource: plural, verb }));
}

function onPart(kind: string, part: string, verb: string): Right {
  return { group: GROUP, resource: `${resourceOf(kind).plural}/${part}`, verb };
}

/** What the controllers do in the namespaces that they work in. */
function workRights(): readonly Right[] {
  const kinds = KINDS.map(({ kind }) => kind);
  return [
    ...kinds.flatMap((kind) => rights(resourceOf(kind), 'get', 'list', 'watch')),
    ...kinds.map((kind) => onPart(kind, 'status', 'patch')),
    ...Object.keys(FINALIZERS).flatMap((kind) => rights(resourceOf(kind), 'patch')),
    ...Object.entries(CHILDREN).flatMap(([kind, { owners, verbs }]) => [
      ...rights(resourceOf(kind), 'create', ...verbs),
      // An owner waits for its children to go, which some clusters allow only to those who may hold it.
      ...owners.map((owner) => onPart(owner, 'finalizers', 'update')),
    ]),
    // By name, as connectors and media name them: never listed, never watched.
    ...rights(SECRETS, 'get'),
    ...rights(EVENTS, 'create', 'get', 'patch'),
  ];
}

/** The name of what is created is no part of its path, so that no rule can tell it. */
function leaseRules(): readonly Rule[] {
  const lease = { apiGroups: [LEASES.group], resources: [LEASES.plural] };
  return [
    { ...lease, verbs: ['create'] },
    { ...lease, verbs: ['get', 'update'], resourceNames: [LEASE_NAME] },
  ];
}

/** One rule for all resources of a group on which the same may be done. */
function rulesOf(all: readonly Right[]): readonly Rule[] {
  const verbsOf = Map.groupBy(all, ({ group, resource }) => `${group} ${resource}`);
  const resources = [...verbsOf].map(([key, same]) => {
    const [group = '', resource = ''] = key.split(' ');
    return { group, resource, verbs: [...new Set(same.map(({ verb }) => verb))].sort() };
  });
  const alike = Map.groupBy(resources, ({ group, verbs }) => [group, ...verbs].join(' '));
  return [...alike].map(([key, same]) => {
    const [group = '', ...verbs] = key.split(' ');
    return { apiGroups: [group], resources: same.map(({ resource }) => resource), verbs };
  });
}

function role(kind: 'ClusterRole' | 'Role', rules: readonly Rule[], namespace?: string) {
  const metadata = { name: ROLE, ...(namespace === undefined ? {} : { namespace }) };
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata, rules };
}

/** The rights of a controller of all namespaces. */
export function clusterRoles(): readonly unknown[] {
  return [role('ClusterRole', rulesOf(workRights())), role('Role', leaseRules(), LEASE_NAMESPACE)];
}

/** The rights of a controller of one namespace, there. */
export function namespaceRoles(): readonly unknown[] {
  return [role('Role', [...rulesOf(workRights()), ...leaseRules()])];
}
