import type { Cache } from '../kube/cache.ts';
import type { ControllerSpec, WatchSource } from '../kube/controller.ts';
import type { Manager } from '../kube/manager.ts';
import { keyOf, keyOfObject, resourceOf, type KubeObject } from '../kube/resource.ts';
import { connectorConfigReconciler } from '../reconcilers/connector-config/reconciler.ts';
import { dependentTemplates, templatesUsing } from '../reconcilers/image-template/observe.ts';
import { imageTemplateReconciler } from '../reconcilers/image-template/reconciler.ts';
import { layerVersionReconciler } from '../reconcilers/layer-version/reconciler.ts';
import { layeredImageReconciler } from '../reconcilers/layered-image/reconciler.ts';
import {
  appsNeeding,
  layersConcerned,
  layersOfMachine,
  layersOfTemplate,
  type LayerRef,
} from '../reconcilers/layers/dependents.ts';
import { layerReconciler } from '../reconcilers/layers/reconciler.ts';
import {
  FINALIZERS,
  KIND_OF,
  type AppLayer,
  type ImageTemplate,
  type LayeredImage,
  type LayerVersion,
  type PackagingMachine,
} from '../reconcilers/objects.ts';
import { packagingMachineReconciler } from '../reconcilers/packaging-machine/reconciler.ts';
import type { Lister, Listers, Ports } from '../reconcilers/ports.ts';

type External = NonNullable<ControllerSpec<unknown, unknown, unknown, unknown>['external']>;

/** What happens outside of the API and must wake somebody. */
export interface Outside {
  /** Calls back with the external key of whatever changed. */
  watch(changed: (key: string) => void): () => void;
}

function cacheOf<Item extends KubeObject>(manager: Manager, kind: string): Cache<Item> {
  return manager.caches.of<Item>(resourceOf(kind));
}

function lister<Item extends KubeObject>(manager: Manager, kind: string): Lister<Item> {
  return cacheOf<Item>(manager, kind);
}

/** Reads of every kind, from the caches of a manager. */
export function listersOf(manager: Manager): Listers {
  return {
    connectorConfigs: lister(manager, 'ConnectorConfig'),
    osLayers: lister(manager, 'OSLayer'),
    platformLayers: lister(manager, 'PlatformLayer'),
    appLayers: lister(manager, 'AppLayer'),
    layerVersions: lister(manager, 'LayerVersion'),
    packagingMachines: lister(manager, 'PackagingMachine'),
    imageTemplates: lister(manager, 'ImageTemplate'),
    layeredImages: lister(manager, 'LayeredImage'),
  };
}

/** Registers the controller of every kind. */
export function addControllers(manager: Manager, ports: Ports, outside: Outside): void {
  for (const kind of Object.values(KIND_OF)) addLayers(manager, ports, kind);
  addVersions(manager, ports, outside);
  addMachines(manager, ports, outside);
  addConnectors(manager, ports);
  addTemplates(manager, ports);
  addImages(manager, ports, outside);
}

function watching(kind: string, map: WatchSource['map']): WatchSource {
  return { resource: resourceOf(kind), map };
}

function allOf(manager: Manager, kind: string): (object: KubeObject) => readonly string[] {
  const cache = cacheOf(manager, kind);
  return ({ metadata }) => cache.list(metadata.namespace).map(keyOfObject);
}

/** Wakes the objects of a kind whose key outside is the one that changed. */
function byExternalKey(manager: Manager, kind: string, outside: Outside): External {
  const cache = cacheOf(manager, kind);
  return (wake) =>
    outside.watch((key) => {
      // The key of a thing outside is `lamina-<object name>-<hash>`; jobs add `.<job>` to it.
      for (const object of cache.list()) {
        if (key.startsWith(`lamina-${object.metadata.name}-`)) wake(keyOfObject(object));
      }
    });
}

function addLayers(manager: Manager, ports: Ports, kind: string): void {
  const keys = (layers: readonly LayerRef[]) =>
    layers
      .filter((item) => item.kind === kind)
      .map(({ namespace, name }) => keyOf(namespace, name));
  manager.add({
    name: kind.toLowerCase(),
    resource: resourceOf(kind),
    reconciler: layerReconciler(ports),
    watches: [
      watching('LayerVersion', (version: LayerVersion) => keys(layersConcerned(ports, version))),
      watching('PackagingMachine', (machine: PackagingMachine) =>
        keys(layersOfMachine(ports, machine)),
      ),
      // A template that lets go of a version may let its removal go on.
      watching('ImageTemplate', (template: ImageTemplate) => keys(layersOfTemplate(template))),
      ...(kind === 'AppLayer'
        ? [watching('AppLayer', (app: AppLayer) => keys(appsNeeding(ports, app)))]
        : []),
    ],
    workers: 2,
  });
}

function addVersions(manager: Manager, ports: Ports, outside: Outside): void {
  const versions = cacheOf<LayerVersion>(manager, 'LayerVersion');
  const waiting = (namespace: string | undefined, uses: (version: LayerVersion) => boolean) =>
    versions.list(namespace).filter(uses).map(keyOfObject);
  manager.add({
    name: 'layerversion',
    resource: resourceOf('LayerVersion'),
    reconciler: layerVersionReconciler(ports),
    watches: [
      watching('LayerVersion', ({ metadata }) =>
        waiting(metadata.namespace, ({ spec }) =>
          [spec.package?.os, ...(spec.package?.below ?? [])].includes(metadata.name),
        ),
      ),
      // A machine that goes makes room for another version of the same connector.
      watching('PackagingMachine', (machine: PackagingMachine) =>
        waiting(
          machine.metadata.namespace,
          (version) => version.spec.package?.connectorRef.name === machine.spec.connectorRef.name,
        ),
      ),
      watching('ConnectorConfig', ({ metadata }) =>
        waiting(
          metadata.namespace,
          ({ spec }) => spec.package?.connectorRef.name === metadata.name,
        ),
      ),
    ],
    external: byExternalKey(manager, 'LayerVersion', outside),
    finalizer: FINALIZERS.LayerVersion,
    // One at a time: each pass must see the machines that the one before made, or their limit breaks.
    workers: 1,
  });
}

function addMachines(manager: Manager, ports: Ports, outside: Outside): void {
  manager.add({
    name: 'packagingmachine',
    resource: resourceOf('PackagingMachine'),
    reconciler: packagingMachineReconciler(ports),
    watches: [watching('ConnectorConfig', allOf(manager, 'PackagingMachine'))],
    external: byExternalKey(manager, 'PackagingMachine', outside),
    finalizer: FINALIZERS.PackagingMachine,
    workers: 4,
  });
}

function connectorOf(user: KubeObject): readonly string[] {
  const { spec, metadata } = user as PackagingMachine | LayeredImage;
  return [keyOf(metadata.namespace, spec.connectorRef.name)];
}

function addConnectors(manager: Manager, ports: Ports): void {
  manager.add({
    name: 'connectorconfig',
    resource: resourceOf('ConnectorConfig'),
    reconciler: connectorConfigReconciler(ports),
    // What it cleans up for decides when it may go.
    watches: [watching('PackagingMachine', connectorOf), watching('LayeredImage', connectorOf)],
    finalizer: FINALIZERS.ConnectorConfig,
    workers: 2,
  });
}

function addTemplates(manager: Manager, ports: Ports): void {
  const usersOf = (role: LayerVersion['spec']['role']) => (layer: KubeObject) =>
    templatesUsing(ports, layer.metadata.namespace ?? '', role, layer.metadata.name).map(
      ({ namespace, name }) => keyOf(namespace, name),
    );
  manager.add({
    name: 'imagetemplate',
    resource: resourceOf('ImageTemplate'),
    reconciler: imageTemplateReconciler(ports),
    watches: [
      watching('LayerVersion', (version: LayerVersion) =>
        dependentTemplates(ports, version).map(({ namespace, name }) => keyOf(namespace, name)),
      ),
      watching('OSLayer', usersOf('os')),
      watching('PlatformLayer', usersOf('platform')),
      watching('AppLayer', usersOf('app')),
      watching('LayeredImage', ({ metadata }) =>
        (metadata.ownerReferences ?? []).map(({ name }) => keyOf(metadata.namespace, name)),
      ),
    ],
    workers: 2,
  });
}

function addImages(manager: Manager, ports: Ports, outside: Outside): void {
  manager.add({
    name: 'layeredimage',
    resource: resourceOf('LayeredImage'),
    reconciler: layeredImageReconciler(ports),
    watches: [watching('ConnectorConfig', allOf(manager, 'LayeredImage'))],
    external: byExternalKey(manager, 'LayeredImage', outside),
    finalizer: FINALIZERS.LayeredImage,
    workers: 2,
  });
}
