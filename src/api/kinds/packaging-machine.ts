import type { Static } from 'typebox';
import type { KindDefinition } from '../kind.ts';
import { commonStatus, location } from '../parts.ts';
import { immutableSpec } from '../rules.ts';
import { fields, oneOf, optional, reference, text, whole } from '../schema.ts';
import { AGE, STAGE, STATUS } from './columns.ts';

const spec = fields('The temporary machine in which a version is installed.', {
  connectorRef: reference('Where it runs.'),
  layerVersion: text('The LayerVersion that it is for.', 253),
  key: text('Its name on the platform.', 253),
  disk: fields('The composed packaging disk.', {
    path: text('Path of the overlay.', 1024),
    format: oneOf('Format of the overlay.', ['qcow2']),
    sizeBytes: whole('Virtual size.', 1, Number.MAX_SAFE_INTEGER),
  }),
});

const status = fields('What the platform shows.', {
  ...commonStatus,
  power: optional(oneOf('Power state as observed.', ['on', 'off'])),
  location: optional(location),
});

/** Spec of a PackagingMachine. */
export type PackagingMachineSpec = Static<typeof spec>;
/** Status of a PackagingMachine. */
export type PackagingMachineStatus = Static<typeof status>;

/** The temporary VM in which a version is installed. */
export const packagingMachine: KindDefinition = {
  kind: 'PackagingMachine',
  plural: 'packagingmachines',
  singular: 'packagingmachine',
  short: 'pkgm',
  description:
    'A PackagingMachine is the temporary machine in which a version is installed. Controllers create it from the composed packaging disk and delete it when the version is stored.',
  writtenBy: 'controllers',
  spec,
  status,
  columns: [
    {
      name: 'Version',
      type: 'string',
      jsonPath: '.spec.layerVersion',
      description: 'The LayerVersion it is for.',
    },
    { name: 'Power', type: 'string', jsonPath: '.status.power', description: 'Power state.' },
    STAGE,
    AGE,
    { ...STATUS, priority: 1 },
  ],
  rules: [immutableSpec],
  conditions: [
    {
      type: 'Ready',
      meaning: 'The machine did its work and is off.',
      reasons: {
        Creating: 'Disk and machine are being made.',
        Running: 'It is on.',
        ShutDown: 'It is off again.',
        Deleting: 'It is being removed from the platform.',
      },
    },
    {
      type: 'Created',
      meaning: 'It exists on the platform.',
      reasons: { Observed: 'Seen there.' },
    },
    {
      type: 'PoweredOn',
      meaning: 'It was switched on.',
      reasons: { Observed: 'Seen running, or off after running.' },
    },
    { type: 'ShutDown', meaning: 'It is off after it ran.', reasons: { Observed: 'Seen off.' } },
  ],
};
