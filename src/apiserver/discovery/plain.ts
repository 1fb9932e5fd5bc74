import { groupVersion, STATUS_VERBS, type Served } from './served.ts';

type Document = Readonly<Record<string, unknown>>;

function apiGroup(group: string, list: readonly Served[]): Document {
  const versions = [...Map.groupBy(list, ({ version }) => version).keys()].map((version) => ({
    groupVersion: groupVersion({ group, version }),
    version,
  }));
  return { name: group, versions, preferredVersion: versions[0] };
}

function resourceEntries(served: Served): readonly Document[] {
  const { kind, plural, singular, short, categories, namespaced, verbs } = served;
  const { storageVersionHash } = served;
  const entry = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs,
    ...(short.length === 0 ? {} : { shortNames: short }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(storageVersionHash === undefined ? {} : { storageVersionHash }),
  };
  if (!served.status) return [entry];
  const name = `${plural}/status`;
  return [entry, { name, singularName: '', namespaced, kind, verbs: STATUS_VERBS }];
}

/** The documents of plain discovery by their paths; `/api` and `/apis` among them. */
export function plainDiscovery(list: readonly Served[]): ReadonlyMap<string, Document> {
  const documents = new Map<string, Document>();
  const groups: Document[] = [];
  for (const [group, ofGroup] of Map.groupBy(list, (served) => served.group)) {
    const root = group === '' ? '/api' : `/apis/${group}`;
    const described = apiGroup(group, ofGroup);
    if (group !== '') {
      groups.push(described);
      documents.set(root, { kind: 'APIGroup', apiVersion: 'v1', ...described });
    }
    for (const [version, resources] of Map.groupBy(ofGroup, (served) => served.version)) {
      documents.set(`${root}/${version}`, {
        kind: 'APIResourceList',
        ...(group === '' ? {} : { apiVersion: 'v1' }),
        groupVersion: groupVersion({ group, version }),
        resources: resources.flatMap(resourceEntries),
      });
    }
  }
  const versions = { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  documents.set('/api', versions);
  documents.set('/apis', { kind: 'APIGroupList', apiVersion: 'v1', groups });
  return documents;
}
