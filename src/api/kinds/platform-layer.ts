import type { Static } from 'typebox';
import type { KindDefinition } from '../kind.ts';
import {
  channels,
  gates,
  imageScripts,
  install,
  instructions,
  layerStatus,
  packaging,
  passed,
} from '../parts.ts';
import { channelsExist, secretsOverHttps } from '../rules.ts';
import { fields, listMap, oneOf, optional, reference, text, versionName } from '../schema.ts';
import { AGE, LAYER_AVAILABLE, LAYER_READY, READY, RETAINED, STATUS } from './columns.ts';

const version = fields('One version.', {
  name: versionName('Name of the version.'),
  osVersion: versionName('The version of the OS layer that it is made on.'),
  instructions,
  install: optional(install),
  gates,
  passed,
  imageScripts,
});

const spec = fields('Hypervisor, provisioning and broker tools on an OS layer.', {
  displayName: optional(text('Name for people.', 128)),
  osLayer: reference('The OSLayer that it belongs to.'),
  platform: fields('The platform whose tools it holds.', {
    hypervisor: oneOf('Hypervisor.', ['qemu']),
  }),
  packaging,
  channels: optional(channels),
  versions: listMap('Versions, oldest first.', 'name', version, 256),
});

/** Spec of a PlatformLayer. */
export type PlatformLayerSpec = Static<typeof spec>;

/** Hypervisor, provisioning and broker tools on an OS layer. */
export const platformLayer: KindDefinition = {
  kind: 'PlatformLayer',
  plural: 'platformlayers',
  singular: 'platformlayer',
  short: 'pfl',
  description:
    'A PlatformLayer holds the tools of a hypervisor, a provisioning service and a broker on an OS layer. In an image it always has the highest priority.',
  writtenBy: 'people',
  spec,
  status: layerStatus,
  columns: [READY, STATUS, AGE],
  rules: [channelsExist, secretsOverHttps],
  conditions: [LAYER_READY, LAYER_AVAILABLE, RETAINED],
};
