import { contradictions } from '../../api/references/contradictions.ts';
import {
  inNamespace,
  MACHINE_VERSION,
  TEMPLATE_REFERENCE,
  VERSION_BELOW,
  versionValue,
} from '../indexes.ts';
import { allVersionsOf, findLayer, findVersion } from '../lookup.ts';
import { isDeleting, namespaceOf, type Layer, type LayerVersion } from '../objects.ts';
import type { Ports } from '../ports.ts';
import { identify, upstreamOf, type Identified } from './identify.ts';
import { viewOf, type LayerView } from './view.ts';

/** What a layer's plan looks at. */
export interface LayerWorld {
  readonly view: LayerView;
  readonly identified: ReadonlyMap<string, Identified>;
  readonly versions: readonly LayerVersion[];
  /** Names of LayerVersions that are still being deleted. */
  readonly leaving: ReadonlySet<string>;
  /** Tags in the store, which outlive the objects. */
  readonly storedTags: readonly string[];
  /** LayerVersions on whose machine a person may be at work. */
  readonly attended: ReadonlySet<string>;
  /** Who uses a LayerVersion, for versions that git no longer has. */
  readonly users: ReadonlyMap<string, string>;
}

/** Gathers what is known of a layer and of everything that it stands on. */
export async function observeLayer(
  ports: Pick<Ports, 'listers' | 'store'>,
  layer: Layer,
): Promise<LayerWorld> {
  const { listers, store } = ports;
  const view = viewOf(layer);
  const { namespace, role, name } = view;
  const all = allVersionsOf(listers, namespace, role, name);
  const identified = identify(
    view,
    (below, layerName, version) => {
      const found = findVersion(listers, namespace, { role: below, name: layerName }, version);
      return found === undefined ? undefined : upstreamOf(found);
    },
    contradictions(layer, (_from, below, layerName) =>
      findLayer(listers, namespace, below, layerName),
    ),
  );
  const declared = new Set(view.entries.map((entry) => entry.name));
  const versions = all.filter((item) => !isDeleting(item));
  return {
    view,
    versions,
    leaving: new Set(all.filter(isDeleting).map((item) => item.metadata.name)),
    identified,
    storedTags: await store.listTags(`lamina/${namespace}/${role}/${name}`),
    attended: new Set(
      versions.filter((item) => isAttended(ports, item)).map((item) => item.metadata.name),
    ),
    users: usersOf(
      ports,
      versions.filter((item) => !declared.has(item.spec.version)),
    ),
  };
}

/** True while a person may be at work in the machine of a version. */
function isAttended({ listers }: Pick<Ports, 'listers'>, version: LayerVersion): boolean {
  const machines = listers.packagingMachines.by(
    MACHINE_VERSION.name,
    inNamespace(namespaceOf(version), version.metadata.name),
  );
  if (!machines.some((machine) => !isDeleting(machine))) return false;
  return version.spec.package?.install === undefined || version.status?.attended === true;
}

/** Who uses each of some versions: the first that is found. */
function usersOf(
  ports: Pick<Ports, 'listers'>,
  versions: readonly LayerVersion[],
): ReadonlyMap<string, string> {
  const users = new Map<string, string>();
  for (const version of versions) {
    const user = versionAbove(ports, version) ?? templateOf(ports, version);
    if (user !== undefined) users.set(version.metadata.name, user);
  }
  return users;
}

function versionAbove(
  { listers }: Pick<Ports, 'listers'>,
  version: LayerVersion,
): string | undefined {
  const value = inNamespace(namespaceOf(version), version.metadata.name);
  const [above] = listers.layerVersions.by(VERSION_BELOW.name, value);
  return above === undefined ? undefined : `LayerVersion/${above.metadata.name}`;
}

/** A template that names it by its version; a channel cannot point at what the spec has no more. */
function templateOf(
  { listers }: Pick<Ports, 'listers'>,
  version: LayerVersion,
): string | undefined {
  const namespace = namespaceOf(version);
  const { role, layer, version: name } = version.spec;
  const value = versionValue(namespace, { role, layer, version: name });
  const [template] = listers.imageTemplates.by(TEMPLATE_REFERENCE.name, value);
  const named = findVersion(listers, namespace, { role, name: layer }, name);
  if (template === undefined || named?.metadata.uid !== version.metadata.uid) return undefined;
  return `ImageTemplate/${template.metadata.name}`;
}
