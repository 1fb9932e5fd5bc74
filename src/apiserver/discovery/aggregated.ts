import { STATUS_VERBS, type Served } from './served.ts';

/** The media type by which clients tell the aggregated form from the plain one. */
export const AGGREGATED_TYPE =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

function resourceEntry(served: Served): Readonly<Record<string, unknown>> {
  const { group, version, kind, plural, singular, short, categories, namespaced, verbs } = served;
  const responseKind = { group, version, kind };
  return {
    resource: plural,
    responseKind,
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(short.length === 0 ? {} : { shortNames: short }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(served.status
      ? { subresources: [{ subresource: 'status', responseKind, verbs: STATUS_VERBS }] }
      : {}),
  };
}

/** The APIGroupDiscoveryList of everything below `/api` or `/apis`. */
export function aggregatedDiscovery(list: readonly Served[]): Readonly<Record<string, unknown>> {
  const items = [...Map.groupBy(list, ({ group }) => group)].map(([group, ofGroup]) => ({
    metadata: group === '' ? {} : { name: group },
    versions: [...Map.groupBy(ofGroup, ({ version }) => version)].map(([version, resources]) => ({
      version,
      resources: resources.map(resourceEntry),
      freshness: 'Current',
    })),
  }));
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items,
  };
}
