import {
  KIND_OF,
  isDeleting,
  namespaceOf,
  type AppLayer,
  type ImageTemplate,
  type LayerVersion,
  type PackagingMachine,
} from '../objects.ts';
import type { Ports } from '../ports.ts';

/** Names one layer of any of the three kinds. */
export interface LayerRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

type Reads = Pick<Ports, 'listers'>;

/** Layers that must look again when a version changed: its own, and those that stand on it. */
export function layersConcerned({ listers }: Reads, version: LayerVersion): readonly LayerRef[] {
  const namespace = namespaceOf(version);
  const { role, layer } = version.spec;
  const own = { kind: KIND_OF[role], namespace, name: layer };
  // A version that goes may have been the last user of one that its layer retains.
  const released = isDeleting(version) ? layersBelow({ listers }, version) : [];
  if (role === 'platform') return [own, ...released];
  if (role === 'app') return [own, ...released, ...needing({ listers }, namespace, layer)];
  const above = [...listers.appLayers.list(namespace), ...listers.platformLayers.list(namespace)]
    .filter(({ spec }) => spec.osLayer.name === layer)
    .map(({ kind, metadata }) => ({ kind, namespace, name: metadata.name }));
  return [own, ...released, ...above];
}

function layersBelow({ listers }: Reads, version: LayerVersion): readonly LayerRef[] {
  const namespace = namespaceOf(version);
  const { package: made } = version.spec;
  return (made === undefined ? [] : [made.os, ...made.below])
    .map((name) => listers.layerVersions.get(namespace, name)?.spec)
    .filter((spec) => spec !== undefined)
    .map(({ role, layer }) => ({ kind: KIND_OF[role], namespace, name: layer }));
}

/** App layers that have this one as a prerequisite. */
export function appsNeeding(reads: Reads, app: AppLayer): readonly LayerRef[] {
  return needing(reads, namespaceOf(app), app.metadata.name);
}

function needing({ listers }: Reads, namespace: string, layer: string): readonly LayerRef[] {
  return listers.appLayers
    .list(namespace)
    .filter((app) =>
      app.spec.versions.some((entry) => entry.prerequisites?.some(({ name }) => name === layer)),
    )
    .map(({ metadata }) => ({ kind: 'AppLayer', namespace, name: metadata.name }));
}

/** The layer for whose version a machine runs. */
export function layersOfMachine(
  { listers }: Reads,
  machine: PackagingMachine,
): readonly LayerRef[] {
  const namespace = namespaceOf(machine);
  const version = listers.layerVersions.get(namespace, machine.spec.layerVersion);
  if (version === undefined) return [];
  return [{ kind: KIND_OF[version.spec.role], namespace, name: version.spec.layer }];
}

/** Layers that a template names. */
export function layersOfTemplate(template: ImageTemplate): readonly LayerRef[] {
  const namespace = namespaceOf(template);
  const { osLayer, appLayers = [], platformLayer } = template.spec;
  return [
    { kind: 'OSLayer', namespace, name: osLayer.name },
    ...appLayers.map(({ name }) => ({ kind: 'AppLayer', namespace, name })),
    ...(platformLayer === undefined
      ? []
      : [{ kind: 'PlatformLayer', namespace, name: platformLayer.name }]),
  ];
}
