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
import {
  fields,
  listMap,
  listOf,
  objectName,
  optional,
  reference,
  text,
  versionName,
} from '../schema.ts';
import { AGE, LAYER_AVAILABLE, LAYER_READY, READY, RETAINED, STATUS } from './columns.ts';

const version = fields('One version.', {
  name: versionName('Name of the version.'),
  osVersion: versionName('The version of the OS layer that it is installed on.'),
  prerequisites: optional(
    listOf(
      'App layers that are present while packaging and never captured.',
      fields('One prerequisite.', {
        name: objectName('Name of the app layer.'),
        version: versionName('Its version.'),
      }),
      16,
    ),
  ),
  instructions,
  install: optional(install),
  gates,
  passed,
  imageScripts,
});

const spec = fields('One application on an OS layer.', {
  displayName: optional(text('Name for people.', 128)),
  osLayer: reference('The OSLayer that it belongs to.'),
  packaging,
  channels: optional(channels),
  versions: listMap('Versions, oldest first.', 'name', version, 256),
});

/** Spec of an AppLayer. */
export type AppLayerSpec = Static<typeof spec>;

/** One application on an OS layer. */
export const appLayer: KindDefinition = {
  kind: 'AppLayer',
  plural: 'applayers',
  singular: 'applayer',
  short: 'apl',
  description:
    'An AppLayer is one application on an OS layer. Each version is installed once on a packaging machine; what changed on the disk is the layer.',
  writtenBy: 'people',
  spec,
  status: layerStatus,
  columns: [READY, STATUS, AGE],
  rules: [channelsExist, secretsOverHttps],
  conditions: [LAYER_READY, LAYER_AVAILABLE, RETAINED],
};
