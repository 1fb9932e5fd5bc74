import { QUANTITY_PATTERN } from '../../core/quantity.ts';
import type { KindDefinition } from '../kind.ts';
import { commonStatus } from '../parts.ts';
import { fields, matching, oneOf, optional, whole, type Static } from '../schema.ts';
import { AGE, READY, STATUS } from './columns.ts';

const spec = fields('One location on one platform.', {
  local: fields('QEMU on the machine where the controller runs. Needs no credentials.', {
    firmware: optional(oneOf('Firmware of the machines, bios by default.', ['bios'])),
    cpus: optional(whole('Virtual processors, 1 by default.', 1, 64)),
    memory: optional(matching('Memory, 512Mi by default.', QUANTITY_PATTERN, 16)),
    network: optional(
      oneOf('none (the default) or user: outgoing connections only.', ['none', 'user']),
    ),
  }),
  limits: optional(
    fields('Upper bounds for this location.', {
      machines: optional(whole('Packaging machines at the same time, 4 by default.', 1, 256)),
    }),
  ),
});

const status = fields('What the controller reports.', commonStatus);

/** Spec of a ConnectorConfig. */
export type ConnectorConfigSpec = Static<typeof spec>;
/** Status of a ConnectorConfig. */
export type ConnectorConfigStatus = Static<typeof status>;

/** Credentials and location on one platform. */
export const connectorConfig: KindDefinition = {
  kind: 'ConnectorConfig',
  plural: 'connectorconfigs',
  singular: 'connectorconfig',
  short: 'conn',
  description:
    'A ConnectorConfig holds credentials and location on one platform. Layers name it to say where they are packaged, image targets to say where they are published.',
  writtenBy: 'people',
  spec,
  status,
  columns: [READY, STATUS, AGE],
  rules: [],
  conditions: [
    {
      type: 'Ready',
      meaning: 'Both checks passed.',
      reasons: {
        Verified: 'Both checks passed.',
        CheckFailed: 'A check failed; its condition says why.',
        InUse: 'It is being deleted, but something on the platform must be cleaned up first.',
      },
    },
    {
      type: 'CredentialsValid',
      meaning: 'The platform accepts the credentials.',
      reasons: { Accepted: 'They were accepted.', NotNeeded: 'The platform needs none.' },
    },
    {
      type: 'LocationValid',
      meaning: 'The location can be used: programs, rights and room are there.',
      reasons: {
        Usable: 'It can be used. The message names the accelerator.',
        ProgramMissing: 'A program that the connector needs is not installed.',
        NoRoom: 'Too little room on the disk.',
      },
    },
  ],
};
