import type { KindDefinition } from '../kind.ts';
import { fields, oneOf, versionName, type Static } from '../schema.ts';
import { layerKind, makingOnOs, namedOnOs, packaging, versionsOf } from './layer.ts';

const version = fields('One version.', {
  name: versionName('Name of the version.'),
  osVersion: versionName('The version of the OS layer that it is made on.'),
  ...makingOnOs,
});

const spec = fields('Hypervisor, provisioning and broker tools on an OS layer.', {
  ...namedOnOs,
  platform: fields('The platform whose tools it holds.', {
    hypervisor: oneOf('Hypervisor.', ['qemu']),
  }),
  packaging,
  ...versionsOf(version),
});

/** Spec of a PlatformLayer. */
export type PlatformLayerSpec = Static<typeof spec>;

/** Hypervisor, provisioning and broker tools on an OS layer. */
export const platformLayer: KindDefinition = {
  ...layerKind,
  kind: 'PlatformLayer',
  plural: 'platformlayers',
  singular: 'platformlayer',
  short: 'pfl',
  description:
    'A PlatformLayer holds the tools of a hypervisor, a provisioning service and a broker on an OS layer. In an image it always has the highest priority.',
  spec,
};
