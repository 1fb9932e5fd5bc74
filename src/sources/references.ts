import {
  prerequisitesOf,
  referencesOf,
  type Declared,
  type Find,
} from '../api/references/declared.ts';
import type { FieldProblem } from './metadata.ts';

function missing(
  layer: Declared | undefined,
  by: 'version' | 'channel',
  name: string | undefined,
  field: string,
): readonly FieldProblem[] {
  if (layer === undefined || name === undefined) return [];
  const { versions = [], channels = {} } = layer.spec;
  const names = by === 'version' ? versions.map((entry) => entry.name) : Object.keys(channels);
  if (names.includes(name)) return [];
  const known = names.slice(0, 20).map((other) => `"${other}"`);
  const message = `${layer.kind} "${layer.metadata.name}" has no ${by} "${name}"; it has ${known.join(', ') || 'none'}`;
  return [{ field, message }];
}

/** Versions and channels that layers of the set do not have. Whole layers may come later, and are waited for. */
export function missingNames(declared: Declared, find: Find): readonly FieldProblem[] {
  const { spec } = declared;
  const os = spec.osLayer && find(declared, 'os', spec.osLayer.name);
  const references = [...referencesOf(declared), ...prerequisitesOf(declared)];
  return [
    ...(spec.versions ?? []).flatMap(({ osVersion }, index) =>
      missing(os, 'version', osVersion, `spec.versions[${index}].osVersion`),
    ),
    ...references.flatMap(({ role, field, reference }) => {
      const layer = find(declared, role, reference.name);
      return [
        ...missing(layer, 'version', reference.version, `${field}.version`),
        ...missing(layer, 'channel', reference.channel, `${field}.channel`),
      ];
    }),
  ];
}
