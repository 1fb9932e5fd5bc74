import type { SchemaNode } from '../../api/validation/schema-node.ts';

/** Plain values. */
export type Scalar = 'numeric' | 'string' | 'boolean' | 'untyped';

/** A list: as a whole, or item by item, known by some fields or, without keys, by itself. */
export interface ListShape {
  readonly isAtomic: boolean;
  readonly keys: readonly string[];
  readonly items: Shape;
}

/** An object: as a whole, or field by field. */
export interface MapShape {
  readonly isAtomic: boolean;
  readonly fields: ReadonlyMap<string, Shape>;
  /** What stands under keys that are no declared fields; undefined: nothing may. */
  readonly values?: Shape;
}

/** What a value may be: of one kind, or of any where nothing is declared. */
export interface Shape {
  readonly scalar?: Scalar;
  readonly list?: ListShape;
  readonly map?: MapShape;
  /** What stands for the field in a list's key if it is absent. */
  readonly defaultValue?: unknown;
}

const ANY: Shape = {
  scalar: 'untyped',
  get list(): ListShape {
    return { isAtomic: true, keys: [], items: ANY };
  },
  get map(): MapShape {
    return { isAtomic: true, fields: new Map(), values: ANY };
  },
};

/** Where no field is declared, objects are still merged field by field, lists as a whole. */
const DEDUCED: Shape = {
  scalar: 'untyped',
  get list(): ListShape {
    return { isAtomic: true, keys: [], items: ANY };
  },
  get map(): MapShape {
    return { isAtomic: false, fields: new Map(), values: DEDUCED };
  },
};

function scalarOf({ type, format }: SchemaNode): Scalar {
  if (type === 'integer' || type === 'number') return 'numeric';
  if (type === 'boolean') return 'boolean';
  return format === undefined || format === 'byte' ? 'string' : 'untyped';
}

function listOf(schema: SchemaNode): ListShape {
  const type = schema['x-kubernetes-list-type'] ?? 'atomic';
  return {
    isAtomic: type === 'atomic',
    keys: type === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : [],
    items: schema.items === undefined ? ANY : shapeOf(schema.items),
  };
}

function mapOf(schema: SchemaNode): MapShape {
  const { properties = {}, additionalProperties } = schema;
  const fields = new Map(
    Object.entries(properties).map(([name, field]) => [name, shapeOf(field)] as const),
  );
  const isOpen = fields.size === 0 || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const values = additionalProperties === undefined ? undefined : shapeOf(additionalProperties);
  return {
    isAtomic: schema['x-kubernetes-map-type'] === 'atomic',
    fields,
    ...(values !== undefined ? { values } : isOpen ? { values: DEDUCED } : {}),
  };
}

/** How objects of a schema are compared and merged. */
export function shapeOf(schema: SchemaNode): Shape {
  const standing = schema.default === undefined ? {} : { defaultValue: schema.default };
  if (schema.type === 'object') return { map: mapOf(schema), ...standing };
  if (schema.type === 'array') return { list: listOf(schema), ...standing };
  return { scalar: scalarOf(schema), ...standing };
}
