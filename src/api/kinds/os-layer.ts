import type { Static } from 'typebox';
import { isObject } from '../../core/json.ts';
import type { KindDefinition, Rule } from '../kind.ts';
import {
  channels,
  gates,
  install,
  instructions,
  layerStatus,
  packaging,
  passed,
} from '../parts.ts';
import { channelsExist, itemsOf, secretsOverHttps, specOf } from '../rules.ts';
import { fields, listMap, matching, oneOf, optional, text, versionName } from '../schema.ts';
import { AGE, LAYER_AVAILABLE, LAYER_READY, READY, RETAINED, STATUS } from './columns.ts';

const disk = fields('A disk image.', {
  file: matching('Path below the import root of the controller.', '^[^/\\x00][^\\x00]*$', 1024),
  format: oneOf('Format of the file; never guessed.', ['raw', 'qcow2']),
  sha256: matching('SHA-256 of the file, in hex.', '^[0-9a-f]{64}$', 64),
});

const version = fields('One version: imported, or made from another by installing on it.', {
  name: versionName('Name of the version.'),
  import: optional(fields('Where the operating system comes from.', { disk })),
  from: optional(versionName('The version to start from; the entry above by default.')),
  instructions,
  install: optional(install),
  gates,
  passed,
});

const spec = fields('An operating system with its versions.', {
  displayName: optional(text('Name for people.', 128)),
  packaging: optional(packaging),
  channels: optional(channels),
  versions: listMap('Versions, oldest first.', 'name', version, 256),
});

const importOrFrom: Rule = {
  at: 'spec',
  cel: 'self.versions.all(v, !(has(v.__import__) && (has(v.from) || has(v.install) || has(v.instructions))))',
  message: 'a version with import cannot have from, install or instructions',
  holds: (input) =>
    itemsOf(specOf(input)['versions']).every(
      (entry) =>
        entry['import'] === undefined ||
        (entry['from'] === undefined &&
          entry['install'] === undefined &&
          entry['instructions'] === undefined),
    ),
};

const firstIsImport: Rule = {
  at: 'spec',
  cel: 'size(self.versions) == 0 || has(self.versions[0].__import__) || has(self.versions[0].from)',
  message: 'the first version needs import: there is no entry above it to start from',
  holds: (input) => {
    const [first] = itemsOf(specOf(input)['versions']);
    return first === undefined || isObject(first['import']) || first['from'] !== undefined;
  },
};

const fromExists: Rule = {
  at: 'spec',
  cel: 'self.versions.all(v, !has(v.from) || (v.from != v.name && self.versions.exists(w, w.name == v.from)))',
  message: 'from must name another version of this layer',
  holds: (input) => {
    const entries = itemsOf(specOf(input)['versions']);
    const names = new Set(entries.map((entry) => entry['name']));
    return entries.every(
      ({ from, name }) => from === undefined || (from !== name && names.has(from)),
    );
  },
};

/** Spec of an OSLayer. */
export type OSLayerSpec = Static<typeof spec>;
/** Status of the three layer kinds. */
export type LayerStatus = Static<typeof layerStatus>;

/** An operating system, with its versions. */
export const osLayer: KindDefinition = {
  kind: 'OSLayer',
  plural: 'oslayers',
  singular: 'oslayer',
  short: 'osl',
  description:
    'An OSLayer is an operating system with its versions. The first version is imported from a disk; each later one is the disk of a packaging machine on which updates were installed.',
  writtenBy: 'people',
  spec,
  status: layerStatus,
  columns: [READY, STATUS, AGE],
  rules: [importOrFrom, firstIsImport, fromExists, channelsExist, secretsOverHttps],
  conditions: [LAYER_READY, LAYER_AVAILABLE, RETAINED],
};
