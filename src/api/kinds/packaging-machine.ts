import type { KindDefinition } from '../kind.ts';
import { commonStatus, location, progress } from '../parts.ts';
import { immutableSpec } from '../rules.ts';
import { fields, flag, oneOf, optional, reference, text, type Static } from '../schema.ts';
import { AGE, STAGE, STATUS } from './columns.ts';

const spec = fields('The temporary machine in which a version is installed.', {
  connectorRef: reference('Where it runs.'),
  layerVersion: text('The LayerVersion that it is for.', 253),
  key: text('Its name on the platform.', 253),
});

const status = fields('What the platform shows.', {
  ...commonStatus,
  power: optional(oneOf('Power state as observed.', ['on', 'stopped', 'off'])),
  created: optional(flag('It was seen on the platform once: from then on it is never made again.')),
  location: optional(location),
  progress: optional(progress),
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
        Waiting: 'The platform is not known well enough to act, or its ConnectorConfig is missing.',
        Uploading: 'The packaging disk goes to the platform.',
        Creating: 'The machine is being made, or switched on.',
        Running: 'It is on.',
        Lost: 'It was there and is gone from the platform; it is not made again.',
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
