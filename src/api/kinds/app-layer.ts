import type { KindDefinition } from '../kind.ts';
import { fields, listOf, objectName, optional, versionName, type Static } from '../schema.ts';
import { layerKind, makingOnOs, namedOnOs, packaging, versionsOf } from './layer.ts';

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
  ...makingOnOs,
});

const spec = fields('One application on an OS layer.', {
  ...namedOnOs,
  packaging,
  ...versionsOf(version),
});

/** Spec of an AppLayer. */
export type AppLayerSpec = Static<typeof spec>;

/** One application on an OS layer. */
export const appLayer: KindDefinition = {
  ...layerKind,
  kind: 'AppLayer',
  plural: 'applayers',
  singular: 'applayer',
  short: 'apl',
  description:
    'An AppLayer is one application on an OS layer. Each version is installed once on a packaging machine; what changed on the disk is the layer.',
  spec,
};
