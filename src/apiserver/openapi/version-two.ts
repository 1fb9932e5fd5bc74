import { isList, isObject } from '../../core/json.ts';
import type { ServedResource } from '../model/resource.ts';
import { definitionsOf } from './documents.ts';

/* OpenAPI v2 for Argo CD and its like: the same schemas, without paths. Its protobuf is that of gnostic. */

/** Fields of gnostic's message `Schema`, by how they are written. */
const TEXTS = new Map([
  ['$ref', 1],
  ['format', 2],
  ['description', 4],
  ['pattern', 13],
]);
const COUNTS = new Map([
  ['maxLength', 11],
  ['minLength', 12],
  ['maxItems', 14],
  ['minItems', 15],
  ['maxProperties', 17],
]);
const NUMBERS = new Map([
  ['maximum', 7],
  ['minimum', 9],
]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function field(id: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([varint(id * 8 + 2), varint(bytes.length), bytes]);
}

function double(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint(id * 8 + 1), bytes]);
}

/** Any value as YAML, of which JSON is a part. */
function any(value: unknown): Buffer {
  return field(2, JSON.stringify(value));
}

function named(name: string, value: Buffer): Buffer {
  return Buffer.concat([field(1, name), field(2, value)]);
}

function each(value: unknown, encode: (item: unknown) => Buffer): Buffer {
  return Buffer.concat((isList(value) ? value : []).map(encode));
}

function schemas(value: unknown): Buffer {
  const entries = Object.entries(isObject(value) ? value : {});
  return Buffer.concat(entries.map(([name, node]) => field(1, named(name, schema(node)))));
}

const PARTS: Readonly<Record<string, (value: unknown) => Buffer>> = {
  required: (value) => each(value, (name) => field(19, String(name))),
  enum: (value) => each(value, (item) => field(20, any(item))),
  additionalProperties: (value) => field(21, field(1, schema(value))),
  type: (value) => field(22, field(1, String(value))),
  items: (value) => field(23, field(1, schema(value))),
  properties: (value) => field(25, schemas(value)),
};

function keyword(key: string, value: unknown): Buffer {
  const [text, count, number] = [TEXTS.get(key), COUNTS.get(key), NUMBERS.get(key)];
  if (text !== undefined) return field(text, String(value));
  if (count !== undefined) return Buffer.concat([varint(count * 8), varint(Number(value))]);
  if (number !== undefined) return double(number, Number(value));
  return PARTS[key]?.(value) ?? field(31, named(key, any(value)));
}

function schema(node: unknown): Buffer {
  const entries = Object.entries(isObject(node) ? node : {});
  return Buffer.concat(entries.map(([key, value]) => keyword(key, value)));
}

/** Upstream has no defaults there either. */
function withoutDefault(key: string, value: unknown): unknown {
  return key === 'default' ? undefined : value;
}

/** The document in both of its forms. */
export function openApiV2(resources: readonly ServedResource[], version: string) {
  const info = { title: 'Lamina', version };
  const text = JSON.stringify(definitionsOf(resources), withoutDefault)
    .replaceAll(/"allOf":\[\{("\$ref":"[^"]+")\}\]/g, '$1')
    .replaceAll('#/components/schemas/', '#/definitions/');
  const definitions: unknown = JSON.parse(text);
  const head = Buffer.concat([field(1, info.title), field(2, info.version)]);
  return {
    json: JSON.stringify({ swagger: '2.0', info, paths: {}, definitions }),
    protobuf: Buffer.concat([field(1, '2.0'), field(2, head), field(9, schemas(definitions))]),
  };
}
