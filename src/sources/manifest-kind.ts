import { isObject } from '../core/json.ts';
import { API_VERSION, GROUP, type KindDefinition } from '../api/kind.ts';
import { KINDS } from '../api/kinds/all.ts';
import { checkObject } from '../api/validation/check.ts';
import type { FieldProblem } from './metadata.ts';

/** A kind that may stand in a source. */
export interface ManifestKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly maxNameLength: number;
  /** Fields beside the metadata that are declared, compared and written. */
  readonly fields: readonly string[];
  /** Set for our own kinds. */
  readonly definition?: KindDefinition;
  /** The object as it is applied, and what is wrong with it apart from its metadata. */
  check(value: Record<string, unknown>): {
    readonly object: Record<string, unknown>;
    readonly problems: readonly FieldProblem[];
  };
}

function unknownFields(
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
): readonly FieldProblem[] {
  const all = new Set(['apiVersion', 'kind', 'metadata', ...known]);
  return Object.keys(value)
    .filter((field) => !all.has(field))
    .map((field) => ({ field, message: 'unknown field', unknown: true }));
}

function ours(definition: KindDefinition): ManifestKind {
  return {
    apiVersion: API_VERSION,
    kind: definition.kind,
    namespaced: true,
    // References to our objects are that long, and keys outside are made from names.
    maxNameLength: 40,
    fields: ['spec'],
    definition,
    check: (value) => {
      const { status, ...declared } = value;
      const { object, unknown, errors } = checkObject(definition, declared);
      const { status: _default, ...rest } = object;
      const stray = { field: 'status', message: 'is written by controllers: remove it' };
      return {
        object: rest,
        problems: [
          ...(status === undefined ? [] : [{ ...stray, unknown: true }]),
          ...unknown.map((field) => ({ field, message: 'unknown field', unknown: true })),
          ...errors.filter(({ field }) => !field.startsWith('metadata')),
        ],
      };
    },
  };
}

const namespace: ManifestKind = {
  apiVersion: 'v1',
  kind: 'Namespace',
  namespaced: false,
  maxNameLength: 63,
  fields: [],
  check: (value) => ({ object: value, problems: unknownFields(value, []) }),
};

/** As many as take the API a few milliseconds; maps of our own kinds have bounds in their schemas. */
const MAX_KEYS = 1000;
const TOO_MANY_KEYS = `has more than ${MAX_KEYS} keys: make several ConfigMaps of it`;

const configMap: ManifestKind = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespaced: true,
  maxNameLength: 63,
  fields: ['data'],
  check: (value) => {
    const { data = {} } = value;
    if (isObject(data) && Object.keys(data).length > MAX_KEYS) {
      return { object: value, problems: [{ field: 'data', message: TOO_MANY_KEYS }] };
    }
    const wrong = isObject(data)
      ? Object.keys(data)
          .filter((key) => typeof data[key] !== 'string')
          .map((key) => ({ field: `data.${key}`, message: 'must be text: put it in quotes' }))
      : [{ field: 'data', message: 'must be a map of text' }];
    return { object: value, problems: [...wrong, ...unknownFields(value, ['data'])] };
  },
};

const ALLOWED: readonly ManifestKind[] = [
  namespace,
  configMap,
  ...KINDS.filter(({ writtenBy }) => writtenBy === 'people').map(ours),
];

/** The kinds that a source may hold, in the order in which they are applied. */
export const MANIFEST_KINDS = ALLOWED;

function refusal(apiVersion: string, kind: string): string {
  if (kind === 'Secret') {
    return 'a Secret does not belong into a source, where everybody can read it: create it with kubectl and name it in the reference';
  }
  const definition = KINDS.find((known) => known.kind === kind);
  if (definition?.writtenBy === 'controllers' && apiVersion.startsWith(`${GROUP}/`)) {
    return `a ${kind} is made by controllers and cannot be declared`;
  }
  const names = ALLOWED.map((known) => known.kind).join(', ');
  return `kind ${JSON.stringify(kind)} of ${JSON.stringify(apiVersion)} is not known here; a source may hold ${names}`;
}

/** Recognizes what a manifest declares, or says why it cannot stand in a source. */
export function manifestKind(
  value: Readonly<Record<string, unknown>>,
): { readonly kind: ManifestKind } | { readonly problem: FieldProblem } {
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    const field = typeof apiVersion === 'string' ? 'kind' : 'apiVersion';
    return { problem: { field, message: 'Required value: a manifest has apiVersion and kind' } };
  }
  const found = ALLOWED.find((known) => known.kind === kind && known.apiVersion === apiVersion);
  if (found !== undefined) return { kind: found };
  return {
    problem: { field: 'kind', message: refusal(apiVersion.slice(0, 80), kind.slice(0, 80)) },
  };
}
