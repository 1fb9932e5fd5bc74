import { isObject } from '../core/json.ts';

/** Something wrong with a field. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
  /** True when the field itself should not be there. */
  readonly unknown?: boolean;
}

/** Labels and annotations that only `apply` writes. */
export const SOURCE_LABEL = 'lamina.dev/source';
/** Where in its source an object stands, as `file:line`. */
export const SOURCE_ANNOTATION = 'lamina.dev/source-position';
/** Names of the labels and annotations that stood in the manifest: `labels;annotations`. */
export const SOURCE_KEYS = 'lamina.dev/source-keys';

const RESERVED: ReadonlySet<string> = new Set([SOURCE_LABEL, SOURCE_ANNOTATION, SOURCE_KEYS]);

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const KEY =
  /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const MAX_ANNOTATIONS_BYTES = 256 * 1024;

const SERVER_OWNED = new Set([
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
  'ownerReferences',
  'finalizers',
]);

/** True for a DNS-1123 label, which is what every name of ours is. */
function isDnsLabel(name: string, maxLength: number): boolean {
  return name.length <= maxLength && LABEL.test(name);
}

function nameProblems(field: string, name: unknown, maxLength: number): FieldProblem[] {
  if (name === undefined || name === null) return [{ field, message: 'Required value' }];
  if (typeof name === 'string' && isDnsLabel(name, maxLength)) return [];
  const shown = JSON.stringify(name).slice(0, 100);
  const message = `Invalid value: ${shown}: a name has at most ${maxLength} characters: lower-case letters, digits and "-", at both ends a letter or digit`;
  return [{ field, message }];
}

function entryProblems(
  map: 'labels' | 'annotations',
  key: string,
  value: unknown,
): readonly FieldProblem[] {
  const field = `metadata.${map}.${key}`;
  if (RESERVED.has(key)) {
    return [{ field, message: 'is written by Lamina itself: remove it', unknown: true }];
  }
  if (!KEY.test(key)) return [{ field, message: 'the key is not a qualified name', unknown: true }];
  if (typeof value !== 'string') return [{ field, message: 'must be text: put it in quotes' }];
  if (map === 'labels' && !LABEL_VALUE.test(value)) {
    const message = `Invalid value: ${JSON.stringify(value).slice(0, 100)}: a label has at most 63 letters, digits, "-", "_" and "."`;
    return [{ field, message }];
  }
  return [];
}

function mapProblems(map: 'labels' | 'annotations', value: unknown): readonly FieldProblem[] {
  if (value === undefined || value === null) return [];
  const field = `metadata.${map}`;
  if (!isObject(value)) return [{ field, message: 'must be a map of text' }];
  if (JSON.stringify(value).length > MAX_ANNOTATIONS_BYTES) {
    return [{ field, message: 'is larger than 256 KiB' }];
  }
  return Object.entries(value).flatMap(([key, text]) => entryProblems(map, key, text));
}

function strayProblems(metadata: Readonly<Record<string, unknown>>): readonly FieldProblem[] {
  const known = new Set(['name', 'namespace', 'labels', 'annotations']);
  return Object.keys(metadata)
    .filter((key) => !known.has(key))
    .map((key) => ({
      field: `metadata.${key}`,
      message: SERVER_OWNED.has(key) ? 'is set by the server: remove it' : 'unknown field',
      unknown: true,
    }));
}

/** What is wrong with the metadata of a manifest. */
export function metadataProblems(
  metadata: unknown,
  options: { readonly maxNameLength: number; readonly namespaced: boolean },
): readonly FieldProblem[] {
  if (!isObject(metadata)) return [{ field: 'metadata.name', message: 'Required value' }];
  const { name, namespace, labels, annotations } = metadata;
  const misplaced =
    !options.namespaced && namespace !== undefined
      ? [{ field: 'metadata.namespace', message: 'this kind has no namespace', unknown: true }]
      : [];
  return [
    ...nameProblems('metadata.name', name, options.maxNameLength),
    ...(options.namespaced && namespace !== undefined && namespace !== null
      ? nameProblems('metadata.namespace', namespace, 63)
      : misplaced),
    ...mapProblems('labels', labels),
    ...mapProblems('annotations', annotations),
    ...strayProblems(metadata),
  ];
}
