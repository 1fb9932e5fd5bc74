import type { KindDefinition } from '../kind.ts';
import {
  action,
  attempts,
  attended,
  commonStatus,
  imageScripts,
  location,
  progress,
} from '../parts.ts';
import { immutableSpec } from '../rules.ts';
import {
  digest,
  fields,
  flag,
  listOf,
  objectName,
  oneOf,
  optional,
  reference,
  shortName,
  text,
  type Static,
} from '../schema.ts';
import { ACTION, ACTION_REQUIRED, AGE, PROGRESS, STAGE, STATUS } from './columns.ts';

const layer = fields('One layer of the image.', {
  name: text('Layer and version, for people.', 128),
  repository: text('Repository in the store.', 255),
  tag: text('Tag in the repository.', 128),
  manifest: digest('Digest of the manifest.'),
  imageScripts,
});

const spec = fields('One revision of a template on one target.', {
  template: objectName('The ImageTemplate.'),
  target: shortName('The target in it.'),
  revision: text('Hash of everything the image is made from.', 64),
  connectorRef: reference('Where it is published.'),
  provisioning: oneOf('Service that makes desktops from it.', ['None']),
  shutdownWhenDone: flag('Whether the image shuts itself down after its layer scripts.'),
  key: text('Its name on the platform.', 253),
  os: layer,
  layers: listOf('Layers over the operating system, lowest first.', layer, 130),
});

const status = fields('Progress and result.', {
  ...commonStatus,
  published: optional(
    fields('What the platform holds as the publication.', {
      id: text('Its name on the platform.', 1024),
    }),
  ),
  action: optional(action),
  attended,
  attempts,
  disk: optional(
    text('Id of the disk that its machine was made with: it is not made again by itself.', 1024),
  ),
  location: optional(location),
  progress: optional(progress),
});

/** Spec of a LayeredImage. */
export type LayeredImageSpec = Static<typeof spec>;
/** Status of a LayeredImage. */
export type LayeredImageStatus = Static<typeof status>;

/** One revision of a template on one target. */
export const layeredImage: KindDefinition = {
  kind: 'LayeredImage',
  plural: 'layeredimages',
  singular: 'layeredimage',
  short: 'limg',
  description:
    'A LayeredImage is one revision of a template on one target: composed, put on the platform, booted once for its layer scripts, and published.',
  writtenBy: 'controllers',
  spec,
  status,
  columns: [
    {
      name: 'Template',
      type: 'string',
      jsonPath: '.spec.template',
      description: 'The ImageTemplate.',
    },
    { name: 'Target', type: 'string', jsonPath: '.spec.target', description: 'The target.' },
    { name: 'Revision', type: 'string', jsonPath: '.spec.revision', description: 'The revision.' },
    STAGE,
    ACTION,
    PROGRESS,
    AGE,
    { ...STATUS, priority: 1 },
  ],
  rules: [immutableSpec],
  conditions: [
    {
      type: 'Ready',
      meaning: 'The image is published.',
      reasons: {
        Waiting: 'The connector is not usable yet.',
        Composing: 'The disk is being made.',
        Uploading: 'The disk goes to the platform.',
        Publishing: 'The image runs its layer scripts, or its snapshot is being taken.',
        ActionRequired: 'A person must act; status.action says what.',
        Published: 'Done; status.location says where.',
        Failed: 'It cannot be published; the message says why.',
      },
    },
    {
      ...ACTION_REQUIRED,
      reasons: {
        ShutDown: 'A person must shut the image down.',
        MachineLost: 'The machine that a person worked in is gone from the platform.',
        ScriptsFailed: 'A layer script failed; the machine is kept for a look.',
      },
    },
    { type: 'Composed', meaning: 'The disk is made.', reasons: { Composed: 'It is made.' } },
    {
      type: 'Uploaded',
      meaning: 'The platform holds the disk.',
      reasons: { Uploaded: 'It does.' },
    },
    {
      type: 'ScriptsCompleted',
      meaning: 'Layer scripts ran and the image shut down.',
      reasons: { Attested: 'The guest tool attested it.' },
    },
    {
      type: 'SnapshotTaken',
      meaning: 'The published disk exists.',
      reasons: { Taken: 'It does.' },
    },
  ],
};
