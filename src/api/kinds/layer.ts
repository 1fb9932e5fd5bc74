import type { KindDefinition } from '../kind.ts';
import { commonStatus, gates, imageScripts, install, instructions } from '../parts.ts';
import { channelsExist, secretsOverHttps } from '../rules.ts';
import {
  digest,
  fields,
  listMap,
  mapOf,
  optional,
  reference,
  text,
  versionName,
  type Schema,
  type Static,
} from '../schema.ts';
import { AGE, LAYER_AVAILABLE, LAYER_READY, READY, RETAINED, STATUS } from './columns.ts';

/* What the three kinds of layers say alike. */

/** Where layers of this object are packaged. */
export const packaging = fields('Where versions are packaged.', {
  connectorRef: reference('The ConnectorConfig on whose platform packaging machines run.'),
});

/** How a version is made on a packaging machine. */
export const making = {
  instructions,
  install: optional(install),
  gates,
  passed: optional(
    mapOf('Approvals: the token that status.action shows, by gate.', text('The token.', 64), 4),
  ),
};

/** How a version is made that lies on an operating system, and what it does in images. */
export const makingOnOs = { ...making, imageScripts };

/** What the specification of a layer begins with. */
export const named = { displayName: optional(text('Name for people.', 128)) };

/** The same for a layer that lies on an operating system. */
export const namedOnOs = { ...named, osLayer: reference('The OSLayer that it belongs to.') };

/** What the specification of a layer ends with: its versions, and markers on them. */
export function versionsOf<Version extends Schema>(version: Version) {
  return {
    channels: optional(
      mapOf(
        'Named markers on versions, such as test or prod. Moving one is a one-line commit.',
        versionName('The version that the channel points at.'),
        16,
      ),
    ),
    versions: listMap('Versions, oldest first.', 'name', version, 256),
  };
}

const layerStatus = fields('What the controller reports.', {
  ...commonStatus,
  versions: optional(
    listMap(
      'Every version with its stage.',
      'name',
      fields('One version.', {
        name: versionName('Name of the version.'),
        layerVersion: text('The LayerVersion that makes it.', 253),
        stage: text('The stage people see, as on the LayerVersion.', 64),
        content: optional(digest('Digest of its content, once Deployable.')),
      }),
      256,
    ),
  ),
});

/** Status of the three layer kinds. */
export type LayerStatus = Static<typeof layerStatus>;

/** The definition of a kind of layer, as far as all three agree. */
export const layerKind = {
  writtenBy: 'people',
  status: layerStatus,
  columns: [READY, STATUS, AGE],
  rules: [channelsExist, secretsOverHttps],
  conditions: [LAYER_READY, LAYER_AVAILABLE, RETAINED],
} satisfies Partial<KindDefinition>;
