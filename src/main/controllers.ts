import type { Manager } from '../kube/manager.ts';
import { resourceOf, type KubeObject } from '../kube/resource.ts';
import { Admission } from '../reconcilers/admission.ts';
import { connectorConfigController } from '../reconcilers/connector-config/controller.ts';
import { imageTemplateController } from '../reconcilers/image-template/controller.ts';
import { inNamespace, MACHINE_VERSION } from '../reconcilers/indexes.ts';
import { layerVersionController } from '../reconcilers/layer-version/controller.ts';
import { layeredImageController } from '../reconcilers/layered-image/controller.ts';
import { layerController } from '../reconcilers/layers/controller.ts';
import { isDeleting, storedOf } from '../reconcilers/objects.ts';
import { packagingMachineController } from '../reconcilers/packaging-machine/controller.ts';
import type { Lister, Listers, Ports } from '../reconcilers/ports.ts';

function lister<Item extends KubeObject>(manager: Manager, kind: string): Lister<Item> {
  return manager.caches.of<Item>(resourceOf(kind));
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

/** Who waits for a machine: versions that are there, are not stored, and have none. */
export function admissionOf(listers: Listers): Admission {
  return new Admission(({ namespace, name }) => {
    const version = listers.layerVersions.get(namespace, name);
    if (version === undefined || isDeleting(version) || storedOf(version) !== undefined) {
      return false;
    }
    const value = inNamespace(namespace, name);
    return listers.packagingMachines.by(MACHINE_VERSION.name, value).length === 0;
  });
}

/** Registers the controller of every kind. */
export function addControllers(manager: Manager, ports: Ports): void {
  for (const role of ['os', 'platform', 'app'] as const) manager.add(layerController(ports, role));
  manager.add(layerVersionController(ports));
  manager.add(packagingMachineController(ports));
  manager.add(connectorConfigController(ports));
  manager.add(imageTemplateController(ports));
  manager.add(layeredImageController(ports));
}
