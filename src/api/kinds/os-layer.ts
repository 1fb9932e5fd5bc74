import { isObject } from '../../core/json.ts';
import type { KindDefinition, Rule } from '../kind.ts';
import { itemsOf, specOf } from '../rules.ts';
import { fields, matching, oneOf, optional, sha256, versionName, type Static } from '../schema.ts';
import { layerKind, making, named, packaging, versionsOf } from './layer.ts';

const disk = fields('A disk image.', {
  file: matching('Path below the import root of the controller.', '^[^/\\x00][^\\x00]*$', 1024),
  format: oneOf('Format of the file; never guessed.', ['raw', 'qcow2']),
  sha256,
});

const version = fields('One version: imported, or made from another by installing on it.', {
  name: versionName('Name of the version.'),
  import: optional(fields('Where the operating system comes from.', { disk })),
  from: optional(versionName('The version to start from; the entry above by default.')),
  ...making,
});

const spec = fields('An operating system with its versions.', {
  ...named,
  packaging: optional(packaging),
  ...versionsOf(version),
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

/** An operating system, with its versions. */
export const osLayer: KindDefinition = {
  ...layerKind,
  kind: 'OSLayer',
  plural: 'oslayers',
  singular: 'oslayer',
  short: 'osl',
  description:
    'An OSLayer is an operating system with its versions. The first version is imported from a disk; each later one is the disk of a packaging machine on which updates were installed.',
  spec,
  rules: [importOrFrom, firstIsImport, fromExists, ...layerKind.rules],
};
