import {
  forbiddenField,
  invalid,
  tooLong,
  type FieldError,
} from '../../api/validation/field-error.ts';
import { jsonEqual, textsOf } from '../../core/json.ts';
import { badBody } from '../model/errors.ts';
import type { StoredObject } from '../model/object.ts';

/** Most bytes that a ConfigMap or Secret holds. */
const MAX_DATA_BYTES = 1_048_576;

const KEY = /^[-._a-zA-Z0-9]+$/;
const KEY_TEXT =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

function keyProblem(key: string): string | undefined {
  if (key.length > 253) return 'must be no more than 253 characters';
  if (!KEY.test(key)) return KEY_TEXT;
  if (key === '.' || key === '..') return `must not be '${key}'`;
  return key.startsWith('..') ? "must not start with '..'" : undefined;
}

/** What is wrong with the keys of a map such as `data`. */
export function keyErrors(field: string, keys: readonly string[]): readonly FieldError[] {
  return keys.flatMap((key) => {
    const problem = keyProblem(key);
    return problem === undefined ? [] : [invalid(`${field}[${key}]`, key, problem)];
  });
}

/** Says that the content is larger than 1 MiB. */
export function sizeErrors(field: string, sizeBytes: number): readonly FieldError[] {
  return sizeBytes <= MAX_DATA_BYTES ? [] : [tooLong(field, MAX_DATA_BYTES)];
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Base64 texts as they are stored; a 400 for what is not base64, as upstream cannot decode it. */
export function base64Texts(kind: string, field: string, data: unknown): Record<string, string> {
  const entries = Object.entries(textsOf(data)).map(([key, value]): [string, string] => {
    // Line breaks are allowed in base64, as Go allows them, and gone when it writes it again.
    const text = value.replaceAll(/[\r\n]/g, '');
    if (BASE64.test(text)) return [key, text];
    const where = `${field}[${key}]`;
    throw badBody(
      `${kind} in version "v1" cannot be handled as a ${kind}: ${where}: illegal base64 data`,
    );
  });
  return Object.fromEntries(entries);
}

/** Bytes that base64 texts stand for. */
export function decodedBytes(data: Readonly<Record<string, string>>): number {
  return Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text, 'base64'), 0);
}

/** What `immutable: true` forbids: changing one of these fields, or taking the mark back. */
export function immutableErrors(
  now: Readonly<Record<string, unknown>>,
  old: StoredObject | undefined,
  fields: readonly string[],
): readonly FieldError[] {
  if (old?.['immutable'] !== true) return [];
  return ['immutable', ...fields]
    .filter((field) => !jsonEqual(now[field] ?? {}, old[field] ?? {}))
    .map((field) => forbiddenField(field, 'field is immutable when `immutable` is set'));
}
