import type { LayerRole } from '../core/identity.ts';
import { KIND_OF, holds, isDeleting, type Layer, type LayerVersion } from './objects.ts';
import type { Listers } from './ports.ts';

/** The object of a layer by its role. */
export function findLayer(
  listers: Listers,
  namespace: string,
  role: LayerRole,
  name: string,
): Layer | undefined {
  const lister = {
    OSLayer: listers.osLayers,
    PlatformLayer: listers.platformLayers,
    AppLayer: listers.appLayers,
  }[KIND_OF[role]];
  return lister.get(namespace, name);
}

/** All versions of one layer that are not being deleted. */
export function versionsOf(
  listers: Listers,
  namespace: string,
  role: LayerRole,
  layer: string,
): readonly LayerVersion[] {
  return listers.layerVersions
    .list(namespace)
    .filter((item) => item.spec.role === role && item.spec.layer === layer && !isDeleting(item));
}

/**
 * The object that stands for a version now. While an edit is being carried out there may be two: what
 * is Deployable is frozen and wins, then the one that its layer points at.
 */
export function findVersion(
  listers: Listers,
  namespace: string,
  layer: { readonly role: LayerRole; readonly name: string },
  version: string,
): LayerVersion | undefined {
  const named = versionsOf(listers, namespace, layer.role, layer.name).filter(
    (item) => item.spec.version === version,
  );
  const ready = named.find((item) => holds(item, 'Ready'));
  if (ready !== undefined || named.length < 2) return ready ?? named[0];
  const rows = findLayer(listers, namespace, layer.role, layer.name)?.status?.versions ?? [];
  const pointed = rows.find((row) => row.name === version)?.layerVersion;
  return named.find((item) => item.metadata.name === pointed) ?? named[0];
}
