import type { KindDefinition, Rule } from '../kind.ts';
import { commonStatus, layerReference } from '../parts.ts';
import { exactlyOne, itemsOf, specOf } from '../rules.ts';
import {
  fields,
  flag,
  listMap,
  listOf,
  oneOf,
  optional,
  reference,
  shortName,
  text,
  whole,
  type Static,
} from '../schema.ts';
import { AGE, READY, STATUS } from './columns.ts';

const target = fields('One place that the image is published to.', {
  name: shortName('Name of the target.'),
  connectorRef: reference('The ConnectorConfig to publish with.'),
  provisioning: oneOf('Service that makes desktops from the image; None: a bootable disk.', [
    'None',
  ]),
  shutdownWhenDone: optional(
    flag('Shut the image down after its layer scripts, true by default; false: a person does.'),
  ),
});

const spec = fields('Which layers make an image, and where it is published.', {
  displayName: optional(text('Name for people.', 128)),
  osLayer: layerReference('The operating system, always lowest.'),
  appLayers: optional(
    listOf(
      'Applications in ascending priority: the last wins.',
      layerReference('An app layer.'),
      128,
    ),
  ),
  platformLayer: optional(layerReference('The platform layer, always highest.')),
  targets: listMap('Where the image is published.', 'name', target, 32),
  revisionHistoryLimit: optional(
    whole('Superseded revisions to keep as records, 3 by default.', 0, 100),
  ),
});

const published = fields('Newest image of one target.', {
  name: shortName('Name of the target.'),
  revision: optional(text('Revision that is Published there.', 64)),
  image: optional(text('Its LayeredImage.', 253)),
});

const status = fields('What the controller reports.', {
  ...commonStatus,
  revision: optional(text('The revision that the spec resolves to now.', 64)),
  targets: optional(listMap('What is published where.', 'name', published, 32)),
});

const osVersionOrChannel: Rule = {
  at: 'spec',
  cel: 'has(self.osLayer.version) != has(self.osLayer.channel)',
  message: 'spec.osLayer must have exactly one of version and channel',
  holds: (input) => oneOfTwo(specOf(input)['osLayer']),
};

const platformVersionOrChannel: Rule = {
  at: 'spec',
  cel: '!has(self.platformLayer) || has(self.platformLayer.version) != has(self.platformLayer.channel)',
  message: 'spec.platformLayer must have exactly one of version and channel',
  holds: (input) => {
    const layer = specOf(input)['platformLayer'];
    return layer === undefined || oneOfTwo(layer);
  },
};

function oneOfTwo(reference: unknown): boolean {
  const [item] = itemsOf([reference]);
  return item === undefined || (item['version'] === undefined) !== (item['channel'] === undefined);
}

/** Spec of an ImageTemplate. */
export type ImageTemplateSpec = Static<typeof spec>;
/** Status of an ImageTemplate. */
export type ImageTemplateStatus = Static<typeof status>;

/** Which layers make an image, and the targets it is published to. */
export const imageTemplate: KindDefinition = {
  kind: 'ImageTemplate',
  plural: 'imagetemplates',
  singular: 'imagetemplate',
  short: 'imgt',
  description:
    'An ImageTemplate says which layers make an image, in which order they win, and to which targets it is published. Each change publishes a new revision; going back selects the old one again.',
  writtenBy: 'people',
  spec,
  status,
  columns: [
    READY,
    {
      name: 'Revision',
      type: 'string',
      jsonPath: '.status.revision',
      description: 'The revision that the spec resolves to now.',
    },
    STATUS,
    AGE,
  ],
  rules: [
    osVersionOrChannel,
    platformVersionOrChannel,
    exactlyOne('appLayers', 'version', 'channel'),
  ],
  conditions: [
    {
      type: 'Ready',
      meaning: 'The newest revision is Published on every target.',
      reasons: {
        Published: 'The newest revision is Published on every target.',
        Waiting: 'A layer is not Deployable yet; the message names it.',
        Publishing: 'A LayeredImage is in work.',
        InvalidReference:
          'A layer belongs to another OS layer, or a version does not exist in a finished layer.',
        ImageStalled: 'A LayeredImage cannot be published; it says why.',
      },
    },
    {
      type: 'Available',
      meaning: 'Some revision is Published, although the newest may not be.',
      reasons: { Published: 'At least one revision is Published.', NothingPublished: 'None is.' },
    },
  ],
};
