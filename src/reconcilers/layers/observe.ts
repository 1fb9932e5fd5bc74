import { findLayer, findVersion, versionsOf } from '../lookup.ts';
import { isDeleting, type Layer, type LayerVersion } from '../objects.ts';
import type { Ports } from '../ports.ts';
import { identify, upstreamOf, type Identified } from './identify.ts';
import { foreignPrerequisite, prerequisiteLoop } from './prerequisites.ts';
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
  const versions = versionsOf(listers, namespace, role, name);
  const identified = identify(view, (below, layerName, version) => {
    const found = findVersion(listers, namespace, { role: below, name: layerName }, version);
    return found === undefined ? undefined : upstreamOf(found);
  });
  return {
    view,
    versions,
    leaving: new Set(
      listers.layerVersions
        .list(namespace)
        .filter(isDeleting)
        .map((item) => item.metadata.name),
    ),
    identified: withWrongPrerequisites(ports, view, identified),
    storedTags: await store.listTags(`lamina/${namespace}/${role}/${name}`),
    attended: attendedVersions(ports, namespace),
    users: usersOf(ports, namespace),
  };
}

function withWrongPrerequisites(
  { listers }: Pick<Ports, 'listers'>,
  view: LayerView,
  identified: ReadonlyMap<string, Identified>,
): ReadonlyMap<string, Identified> {
  if (view.role !== 'app') return identified;
  const find = (name: string) => listers.appLayers.get(view.namespace, name);
  return new Map(
    [...identified].map(([name, found]) => {
      const loop = prerequisiteLoop(view, name, find);
      const message =
        loop === undefined
          ? foreignPrerequisite(view, name, find)
          : `prerequisites form a cycle: ${loop}`;
      return [name, message === undefined ? found : { as: 'wrong', message }] as const;
    }),
  );
}

function attendedVersions(
  { listers }: Pick<Ports, 'listers'>,
  namespace: string,
): ReadonlySet<string> {
  const names = listers.packagingMachines
    .list(namespace)
    .filter((machine) => !isDeleting(machine))
    .map((machine) => machine.spec.layerVersion)
    .filter(
      (name) => listers.layerVersions.get(namespace, name)?.spec.package?.install === undefined,
    );
  return new Set(names);
}

function usersOf(
  { listers }: Pick<Ports, 'listers'>,
  namespace: string,
): ReadonlyMap<string, string> {
  const users = new Map<string, string>();
  for (const version of listers.layerVersions.list(namespace)) {
    const { package: made } = version.spec;
    for (const used of made === undefined ? [] : [made.os, ...made.below]) {
      users.set(used, `LayerVersion/${version.metadata.name}`);
    }
  }
  for (const template of listers.imageTemplates.list(namespace)) {
    const { osLayer, platformLayer, appLayers = [] } = template.spec;
    const references = [
      { role: 'os' as const, ...osLayer },
      ...(platformLayer === undefined ? [] : [{ role: 'platform' as const, ...platformLayer }]),
      ...appLayers.map((item) => ({ role: 'app' as const, ...item })),
    ];
    for (const { role, name, version, channel } of references) {
      const layer = findLayer(listers, namespace, role, name);
      const wanted = version ?? layer?.spec.channels?.[channel ?? ''];
      const found =
        wanted === undefined ? undefined : findVersion(listers, namespace, { role, name }, wanted);
      if (found !== undefined)
        users.set(found.metadata.name, `ImageTemplate/${template.metadata.name}`);
    }
  }
  return users;
}
