import { isObject } from '../../core/json.ts';
import type { Checked } from '../../api/validation/check.ts';
import type { SchemaNode } from '../../api/validation/schema-node.ts';
import { walkFields, type Findings } from '../../api/validation/walk.ts';
import { badBody } from '../model/errors.ts';
import { METADATA_SCHEMA } from '../objects/metadata.ts';
import type { ServedResource, Strategy } from '../model/resource.ts';

type Content = Readonly<Record<string, unknown>>;

type Fields = Readonly<Record<string, SchemaNode>>;

/** A text field. */
export function text(description: string): SchemaNode {
  return { type: 'string', description };
}

/** A whole number. */
export function whole(description: string): SchemaNode {
  return { type: 'integer', description };
}

/** An object with fixed fields. */
export function object(description: string, properties: Fields): SchemaNode {
  return { type: 'object', description, properties };
}

/** An object that is owned as a whole: a reference makes no sense in parts. */
export function indivisible(description: string, properties: Fields): SchemaNode {
  return { ...object(description, properties), 'x-kubernetes-map-type': 'atomic' };
}

/** Keys and text values. */
export function texts(description: string): SchemaNode {
  // What is null is an empty text, as Go reads it.
  return { type: 'object', description, additionalProperties: { type: 'string', default: '' } };
}

/** A list. */
export function list(description: string, items: SchemaNode): SchemaNode {
  return { type: 'array', description, items };
}

/** A list whose items are told apart by one of their fields. */
export function listMap(description: string, key: string, items: SchemaNode): SchemaNode {
  return {
    ...list(description, items),
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': [key],
  };
}

/** The schema of a built-in kind. */
export function schemaOf(description: string, properties: Fields): SchemaNode {
  return object(description, {
    apiVersion: text('Version of the schema of this object.'),
    kind: text('Kind of this object.'),
    metadata: METADATA_SCHEMA,
    ...properties,
  });
}

function isNothing(value: unknown): boolean {
  return value === '' || (isObject(value) && Object.keys(value).length === 0);
}

/**
 * Prunes a built-in object by its schema, and leaves out what is empty. A value of a wrong type is a 400,
 * as upstream cannot even decode it.
 */
export function prune(kind: string, schema: SchemaNode, candidate: Content): Checked {
  const { metadata, ...rest } = candidate;
  const found: Findings = { unknown: [], errors: [] };
  const body = walkFields(rest, schema, '', found);
  const [error] = found.errors;
  if (error !== undefined) {
    const why = `${error.field}: ${error.message}`;
    throw badBody(`${kind} in version "v1" cannot be handled as a ${kind}: ${why}`);
  }
  const said = Object.entries(body).filter(([, value]) => !isNothing(value));
  const object = { ...Object.fromEntries(said), metadata };
  return { object, unknown: found.unknown, errors: [] };
}

const USUAL: Omit<Strategy, 'check'> = {
  generation: false,
  unconditionalUpdate: true,
  labelName: false,
  selectable: {},
  unowned: { main: [], status: [] },
  mergeKeys: {},
};

/** What a built-in kind is made of. */
export interface BuiltIn {
  readonly group?: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly short?: readonly string[];
  readonly namespaced?: boolean;
  readonly status?: boolean;
  readonly schema: SchemaNode;
  /** Where it does not differ from what is usual, nothing needs to be said. */
  readonly strategy: Partial<Strategy> & Pick<Strategy, 'check'>;
}

/** The resource of a built-in kind; all are version v1. */
export function builtIn(parts: BuiltIn): ServedResource {
  const { group = '', kind, plural, singular, short = [], schema, strategy } = parts;
  return {
    group,
    version: 'v1',
    apiVersion: group === '' ? 'v1' : `${group}/v1`,
    kind,
    plural,
    singular,
    short,
    categories: [],
    namespaced: parts.namespaced ?? true,
    subresources: { status: parts.status ?? false },
    schema,
    strategy: { ...USUAL, ...strategy },
  };
}
