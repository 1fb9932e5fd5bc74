import type { KindDefinition } from '../kind.ts';
import {
  action,
  attempts,
  attended,
  commonStatus,
  gates,
  imageScripts,
  install,
  instructions,
  location,
  progress,
  stored,
} from '../parts.ts';
import { immutableSpec } from '../rules.ts';
import {
  digest,
  fields,
  listOf,
  objectName,
  oneOf,
  optional,
  reference,
  sha256,
  text,
  versionName,
  type Static,
} from '../schema.ts';
import { ACTION, ACTION_REQUIRED, AGE, PROGRESS, STAGE, STATUS } from './columns.ts';

const spec = fields('Frozen inputs of one version of one layer.', {
  role: oneOf('Which kind of layer it is a version of.', ['os', 'platform', 'app']),
  layer: objectName('Name of the layer.'),
  version: versionName('Name of the version.'),
  inputs: digest('Digest of the frozen inputs; the version is found again by it.'),
  repository: text('Repository in the store.', 255),
  tag: text('Immutable tag in the repository.', 128),
  import: optional(
    fields('Imported from a disk image.', {
      file: text('Path below the import root.', 1024),
      format: oneOf('Format of the file.', ['raw', 'qcow2']),
      sha256,
    }),
  ),
  package: optional(
    fields('Made on a packaging machine.', {
      connectorRef: reference('Where the machine runs.'),
      os: text('The LayerVersion of the operating system below.', 253),
      below: listOf(
        'LayerVersions laid over it, lowest first; never captured.',
        text('A LayerVersion.', 253),
        32,
      ),
      install: optional(install),
      instructions,
      gates,
    }),
  ),
  imageScripts,
});

const status = fields('Progress and result.', {
  ...commonStatus,
  stored: optional(stored),
  action: optional(action),
  attended,
  attempts,
  composition: optional(text('Id of what its packaging disk is composed from.', 64)),
  location: optional(location),
  progress: optional(progress),
});

/** Spec of a LayerVersion. */
export type LayerVersionSpec = Static<typeof spec>;
/** Status of a LayerVersion. */
export type LayerVersionStatus = Static<typeof status>;

/** One version of one layer: frozen inputs, progress, result. */
export const layerVersion: KindDefinition = {
  kind: 'LayerVersion',
  plural: 'layerversions',
  singular: 'layerversion',
  short: 'lver',
  description:
    'A LayerVersion is one version of one layer: its frozen inputs, how far it is, and what came out. Controllers write it; `kubectl get lver` is the task bar.',
  writtenBy: 'controllers',
  spec,
  status,
  columns: [
    { name: 'Layer', type: 'string', jsonPath: '.spec.layer', description: 'Name of the layer.' },
    {
      name: 'Version',
      type: 'string',
      jsonPath: '.spec.version',
      description: 'Name of the version.',
    },
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
      meaning: 'The version is in the store and may be used.',
      reasons: {
        Waiting: 'Something below it is not Deployable yet, or no machine is free.',
        Importing: 'The disk image is being taken into the store.',
        Composing: 'The packaging disk is being made.',
        Uploading: 'The packaging disk goes to the platform.',
        Packaging: 'The machine installs by itself.',
        ActionRequired: 'A person must act; status.action says what.',
        Verifying: 'The disk of the machine is being inspected.',
        Finalizing: 'What changed is being captured and stored.',
        Deployable: 'Done.',
        Failed: 'It cannot be made; the message says why.',
      },
    },
    ACTION_REQUIRED,
    {
      type: 'PackagingDiskReady',
      meaning: 'The packaging disk is composed.',
      reasons: { Composed: 'It is composed.' },
    },
    {
      type: 'IntegrityVerified',
      meaning: 'The machine was shut down by the guest tool, and nothing blocks the capture.',
      reasons: { Clean: 'The attestation is fresh and the disk is clean.' },
    },
    {
      type: 'Finalized',
      meaning: 'The version is captured and stored.',
      reasons: { Stored: 'It is in the store.' },
    },
  ],
};
