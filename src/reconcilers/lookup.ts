import type { LayerRole } from '../core/identity.ts';
import type { StoredLayer } from '../core/layer.ts';
import { inNamespace, VERSION_LAYER } from './indexes.ts';
import { isDeleting, storedOf, type Layer, type LayerVersion } from './objects.ts';
import type { Listers, Ports } from './ports.ts';

/** The object of a layer by its role. */
export function findLayer(
  listers: Listers,
  namespace: string,
  role: LayerRole,
  name: string,
): Layer | undefined {
  const { osLayers: os, platformLayers: platform, appLayers: app } = listers;
  return { os, platform, app }[role].get(namespace, name);
}

/** What a version left in the store, by the name of its object. */
export async function storedByName(
  { listers, store }: Pick<Ports, 'listers' | 'store'>,
  namespace: string,
  name: string,
): Promise<StoredLayer | undefined> {
  const spec = listers.layerVersions.get(namespace, name)?.spec;
  return spec === undefined ? undefined : store.find(spec.repository, spec.tag);
}

/** All versions of one layer, deleting ones too. */
export function allVersionsOf(
  listers: Listers,
  namespace: string,
  role: LayerRole,
  layer: string,
): readonly LayerVersion[] {
  return listers.layerVersions.by(VERSION_LAYER.name, inNamespace(namespace, role, layer));
}

/**
 * The object that stands for a version now. While an edit is being carried out there may be two: what
 * is stored is frozen and wins, then the one that its layer points at.
 */
export function findVersion(
  listers: Listers,
  namespace: string,
  layer: { readonly role: LayerRole; readonly name: string },
  version: string,
): LayerVersion | undefined {
  const named = allVersionsOf(listers, namespace, layer.role, layer.name).filter(
    (item) => item.spec.version === version && !isDeleting(item),
  );
  const stored = named.find((item) => storedOf(item) !== undefined);
  if (stored !== undefined || named.length < 2) return stored ?? named[0];
  const rows = findLayer(listers, namespace, layer.role, layer.name)?.status?.versions ?? [];
  const pointed = rows.find((row) => row.name === version)?.layerVersion;
  return named.find((item) => item.metadata.name === pointed) ?? named[0];
}
