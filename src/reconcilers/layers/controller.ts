import type { LayerStatus } from '../../api/kinds/layer.ts';
import { conditionOf } from '../../api/object.ts';
import { API_VERSION } from '../../api/kind.ts';
import { KIND_OF, referencesOf } from '../../api/references/declared.ts';
import type { LayerRole } from '../../core/identity.ts';
import type { ControllerSpec } from '../../kube/controller.ts';
import { resourceOf } from '../../kube/resource.ts';
import {
  APP_NEEDS,
  inNamespace,
  LAYER_STANDS_ON,
  MACHINE_VERSION,
  standsOn,
  TEMPLATE_REFERENCE,
  VERSION_BELOW,
  VERSION_LAYER,
  versionValue,
} from '../indexes.ts';
import {
  FINALIZERS,
  isDeleting,
  isNew,
  namespaceOf,
  ownedBy,
  stageOf,
  storedOf,
  type AppLayer,
  type ImageTemplate,
  type Layer,
  type LayerVersion,
  type PackagingMachine,
} from '../objects.ts';
import type { Ports } from '../ports.ts';
import { keysOf, watching } from '../watching.ts';
import { observeLayer, type LayerWorld } from './observe.ts';
import { planLayer, type LayerStep } from './plan.ts';

type LayerPorts = Pick<Ports, 'listers' | 'store' | 'writer'>;

type Controller = ControllerSpec<Layer['spec'], LayerStatus, LayerWorld, LayerStep>;

/** Keeps one LayerVersion per version of each layer of one of the three kinds. */
export function layerController(ports: LayerPorts, role: LayerRole): Controller {
  return {
    name: KIND_OF[role].toLowerCase(),
    resource: resourceOf(KIND_OF[role]),
    reconciler: {
      observe: (layer) => observeLayer(ports, layer),
      plan: (_layer, world) => planLayer(world),
      act: (step, layer) => act(ports, step, layer),
    },
    indexes: [
      VERSION_LAYER,
      VERSION_BELOW,
      MACHINE_VERSION,
      TEMPLATE_REFERENCE,
      ...(role === 'os' ? [] : [LAYER_STANDS_ON[role]]),
      ...(role === 'app' ? [APP_NEEDS] : []),
    ],
    watches: [
      ownVersions(role),
      versionsBelow(ports, role),
      goneVersions(ports, role),
      machines(ports, role),
      templates(role),
      ...(role === 'app' ? [prerequisites(ports)] : []),
    ],
    workers: 2,
  };
}

/** What a layer tells of its versions. */
function ownVersions(role: LayerRole) {
  return watching<LayerVersion>({
    kind: 'LayerVersion',
    facet: (version) => [
      storedOf(version),
      isNew(version),
      stageOf(version),
      conditionOf(version, 'Stalled')?.message,
      version.status?.attended,
      version.metadata.annotations,
      version.metadata.deletionTimestamp,
    ],
    map: (version) =>
      version.spec.role === role ? [inNamespace(namespaceOf(version), version.spec.layer)] : [],
  });
}

/** Versions are identified by those that they stand on: that these exist is all that matters. */
function versionsBelow({ listers }: LayerPorts, role: LayerRole) {
  return watching<LayerVersion>({
    kind: 'LayerVersion',
    facet: isDeleting,
    map: (version) => {
      if (role === 'os') return [];
      const lister = role === 'app' ? listers.appLayers : listers.platformLayers;
      const value = versionValue(namespaceOf(version), version.spec);
      return keysOf(lister.by(LAYER_STANDS_ON[role].name, value));
    },
  });
}

/** A version that goes may have been the last user of one that its layer retains. */
function goneVersions({ listers }: LayerPorts, role: LayerRole) {
  return watching<LayerVersion>({
    kind: 'LayerVersion',
    facet: isDeleting,
    map: (version) => {
      const namespace = namespaceOf(version);
      return standsOn(version)
        .flatMap((name) => listers.layerVersions.get(namespace, name)?.spec ?? [])
        .filter((spec) => spec.role === role)
        .map((spec) => inNamespace(namespace, spec.layer));
    },
  });
}

/** A machine in which a person works holds its version. */
function machines({ listers }: LayerPorts, role: LayerRole) {
  return watching<PackagingMachine>({
    kind: 'PackagingMachine',
    facet: isDeleting,
    map: (machine) => {
      const namespace = namespaceOf(machine);
      const spec = listers.layerVersions.get(namespace, machine.spec.layerVersion)?.spec;
      return spec?.role === role ? [inNamespace(namespace, spec.layer)] : [];
    },
  });
}

/** A template that lets go of a version may let its removal go on. */
function templates(role: LayerRole) {
  return watching<ImageTemplate>({
    kind: 'ImageTemplate',
    facet: ({ spec }) => spec,
    map: (template) =>
      referencesOf(template)
        .filter((one) => one.role === role)
        .map(({ reference }) => inNamespace(namespaceOf(template), reference.name)),
  });
}

/** Prerequisites must belong to the same operating system and form no cycle. */
function prerequisites({ listers }: LayerPorts) {
  return watching<AppLayer>({
    kind: 'AppLayer',
    facet: ({ spec }) => [spec.osLayer, spec.versions.map((entry) => entry.prerequisites)],
    map: (app) => {
      const above = new Set([inNamespace(namespaceOf(app), app.metadata.name)]);
      // What the loop adds, it comes to as well: a cycle is told of every layer that is in it.
      for (const layer of above) {
        for (const key of keysOf(listers.appLayers.by(APP_NEEDS.name, layer))) above.add(key);
      }
      return [...above];
    },
  });
}

async function act({ writer }: LayerPorts, step: LayerStep, layer: Layer): Promise<void> {
  const namespace = namespaceOf(layer);
  const ref = { kind: 'LayerVersion', namespace, name: step.name } as const;
  if (step.do === 'remove') return writer.remove(ref);
  if (step.do === 'annotate') return writer.annotate(ref, step.annotations);
  return writer.ensure({
    apiVersion: API_VERSION,
    kind: 'LayerVersion',
    metadata: {
      name: step.name,
      namespace,
      finalizers: [FINALIZERS.LayerVersion],
      labels: { 'lamina.dev/layer': layer.metadata.name },
      ownerReferences: ownedBy(layer),
    },
    spec: step.spec,
  });
}
