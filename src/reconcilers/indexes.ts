import { prerequisitesOf, referencesOf } from '../api/references/declared.ts';
import { resourceOf } from '../kube/resource.ts';
import type { IndexSpec } from '../kube/controller.ts';
import type { LayerRole } from '../core/identity.ts';
import { externalKey } from '../core/identity.ts';
import {
  ownerOf,
  namespaceOf,
  type AppLayer,
  type ImageTemplate,
  type LayeredImage,
  type LayerVersion,
  type PackagingMachine,
  type PlatformLayer,
} from './objects.ts';

/** The value under which objects of a namespace are found by a name in it. */
export function inNamespace(namespace: string, ...parts: readonly string[]): string {
  return [namespace, ...parts].join('/');
}

/** The value for a version of a layer, as templates and layers name it. */
export function versionValue(
  namespace: string,
  { role, layer, version }: { role: LayerRole; layer: string; version: string },
): string {
  return inNamespace(namespace, role, layer, version);
}

/** The value for a channel of a layer, as templates name it. */
export function channelValue(
  namespace: string,
  { role, layer, channel }: { role: LayerRole; layer: string; channel: string },
): string {
  return inNamespace(namespace, role, layer, `#${channel}`);
}

/** The cache of a kind holds objects of that kind only, so the function may expect them. */
function index(kind: string, name: string, of: (item: never) => readonly string[]): IndexSpec {
  return { resource: resourceOf(kind), name, of };
}

function versionsNamed(template: ImageTemplate): readonly string[] {
  const namespace = namespaceOf(template);
  return referencesOf(template).map(
    ({ role, reference: { name: layer, version, channel = '' } }) =>
      version === undefined
        ? channelValue(namespace, { role, layer, channel })
        : versionValue(namespace, { role, layer, version }),
  );
}

function osVersionsNamed(layer: AppLayer | PlatformLayer): readonly string[] {
  const { osLayer, versions } = layer.spec;
  return versions.map(({ osVersion: version }) =>
    versionValue(namespaceOf(layer), { role: 'os', layer: osLayer.name, version }),
  );
}

function prerequisitesNamed(app: AppLayer): readonly string[] {
  return prerequisitesOf(app).map(({ role, reference: { name: layer, version } }) =>
    versionValue(namespaceOf(app), { role, layer, version }),
  );
}

/** Layers by the versions of other layers that they name: what a version of those wakes. */
export const LAYER_STANDS_ON = {
  app: index('AppLayer', 'stands-on', (app: AppLayer) => [
    ...osVersionsNamed(app),
    ...prerequisitesNamed(app),
  ]),
  platform: index('PlatformLayer', 'stands-on', osVersionsNamed),
};

/** App layers by the app layers that they need, in any version. */
export const APP_NEEDS = index('AppLayer', 'needs', (app: AppLayer) =>
  prerequisitesOf(app).map(({ reference }) => inNamespace(namespaceOf(app), reference.name)),
);

/** Versions by their layer. */
export const VERSION_LAYER = index('LayerVersion', 'layer', (version: LayerVersion) => [
  inNamespace(namespaceOf(version), version.spec.role, version.spec.layer),
]);

/** LayerVersions that a version stands on: the operating system first, then prerequisites. */
export function standsOn({ spec }: LayerVersion): readonly string[] {
  return spec.package === undefined ? [] : [spec.package.os, ...spec.package.below];
}

/** Versions by the versions that they stand on. */
export const VERSION_BELOW = index('LayerVersion', 'below', (version: LayerVersion) =>
  standsOn(version).map((name) => inNamespace(namespaceOf(version), name)),
);

/** Versions by the connector of their machine. */
export const VERSION_CONNECTOR = index('LayerVersion', 'connector', (version: LayerVersion) =>
  version.spec.package === undefined
    ? []
    : [inNamespace(namespaceOf(version), version.spec.package.connectorRef.name)],
);

/** Versions by the name that they have outside. */
export function versionKeyIndex(installId: string): IndexSpec {
  return index('LayerVersion', 'key', (version: LayerVersion) => [
    externalKey(installId, namespaceOf(version), version.metadata.name),
  ]);
}

/** Machines by the version that they are for. */
export const MACHINE_VERSION = index('PackagingMachine', 'version', (one: PackagingMachine) => [
  inNamespace(namespaceOf(one), one.spec.layerVersion),
]);

/** Machines by their connector. */
export const MACHINE_CONNECTOR = index('PackagingMachine', 'connector', (one: PackagingMachine) => [
  inNamespace(namespaceOf(one), one.spec.connectorRef.name),
]);

/** Machines by the name that they have outside. */
export const MACHINE_KEY = index('PackagingMachine', 'key', ({ spec }: PackagingMachine) => [
  spec.key,
]);

/** Templates by the layers that they name. */
export const TEMPLATE_LAYER = index('ImageTemplate', 'layer', (template: ImageTemplate) =>
  referencesOf(template).map(({ role, reference }) =>
    inNamespace(namespaceOf(template), role, reference.name),
  ),
);

/** Templates by the versions and channels that they name. */
export const TEMPLATE_REFERENCE = index('ImageTemplate', 'reference', versionsNamed);

/** Images by the template that made them. */
export const IMAGE_OWNER = index('LayeredImage', 'owner', (image: LayeredImage) =>
  [ownerOf(image)].filter((uid) => uid !== undefined),
);

/** Images by their connector. */
export const IMAGE_CONNECTOR = index('LayeredImage', 'connector', (image: LayeredImage) => [
  inNamespace(namespaceOf(image), image.spec.connectorRef.name),
]);

/** Images by the name that they have outside. */
export const IMAGE_KEY = index('LayeredImage', 'key', ({ spec }: LayeredImage) => [spec.key]);
