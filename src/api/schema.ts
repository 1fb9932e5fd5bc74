import type { Digest } from '../core/digest.ts';
import type { SchemaNode } from './validation/schema-node.ts';

/*
 * Helpers that keep every schema inside Kubernetes' structural rules: each node has a type, unions of
 * literals are enums, maps use additionalProperties, and everything has an upper bound so that CEL
 * cost stays finite and hostile input stays small.
 */

declare const VALUE: unique symbol;

/** A schema, and for the compiler the type of what it describes. */
export type Schema<Value = unknown> = SchemaNode & { readonly [VALUE]?: Value };

/** A field of an object that may be left out. */
interface Optional<Of extends Schema> {
  readonly optional: Of;
}

type Property = Schema | Optional<Schema>;

/** The type of what a schema describes. */
export type Static<Of extends Property> =
  Of extends Optional<infer Inner> ? Static<Inner> : Of extends Schema<infer Value> ? Value : never;

type Properties = Readonly<Record<string, Property>>;

type OptionalKeys<Of extends Properties> = {
  [Key in keyof Of]: Of[Key] extends Optional<Schema> ? Key : never;
}[keyof Of];

type Fields<Of extends Properties> = {
  readonly [Key in Exclude<keyof Of, OptionalKeys<Of>>]: Static<Of[Key]>;
} & { readonly [Key in OptionalKeys<Of>]?: Static<Of[Key]> };

/** Text with a bound. */
export function text(description: string, maxLength = 1024): Schema<string> {
  return { type: 'string', description, maxLength };
}

/** Text that matches a pattern, anchored on both sides. */
export function matching(description: string, pattern: string, maxLength: number): Schema<string> {
  return { type: 'string', description, pattern, maxLength };
}

/** A moment, as RFC 3339 writes it. */
export function moment(description: string): Schema<string> {
  return { type: 'string', format: 'date-time', description };
}

/** One of a few words. */
export function oneOf<const Word extends string>(
  description: string,
  words: readonly Word[],
): Schema<Word> {
  return { type: 'string', enum: [...words], description };
}

/** An object with string keys that people choose. */
export function mapOf<Value extends Schema>(
  description: string,
  value: Value,
  maxProperties = 64,
): Schema<Readonly<Record<string, Static<Value>>>> {
  return { type: 'object', description, additionalProperties: value, maxProperties };
}

/** A list whose items are told apart by a field, so that duplicates are refused. */
export function listMap<Item extends Schema>(
  description: string,
  key: string,
  item: Item,
  maxItems = 64,
): Schema<readonly Static<Item>[]> {
  return {
    ...listOf(description, item, maxItems),
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': [key],
  };
}

/** A list in which order matters and items may repeat. */
export function listOf<Item extends Schema>(
  description: string,
  items: Item,
  maxItems = 64,
): Schema<readonly Static<Item>[]> {
  return { type: 'array', description, items, maxItems };
}

/** An object with fixed fields. */
export function fields<const Of extends Properties>(
  description: string,
  properties: Of,
): Schema<Fields<Of>> {
  const all = Object.entries(properties);
  const required = all.filter(([, property]) => !('optional' in property)).map(([name]) => name);
  const nodes = all.map(
    ([name, property]) => [name, 'optional' in property ? property.optional : property] as const,
  );
  return {
    type: 'object',
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(nodes),
    description,
  };
}

/** A whole number, within bounds if there are any. */
export function whole(description: string, minimum?: number, maximum?: number): Schema<number> {
  return {
    type: 'integer',
    description,
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
  };
}

/** True or false. */
export function flag(description: string): Schema<boolean> {
  return { type: 'boolean', description };
}

/** A field that may be left out. */
export function optional<Of extends Schema>(of: Of): Optional<Of> {
  return { optional: of };
}

const NAME = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';

/** The name of an object of ours in the same namespace. */
export function objectName(description: string, maxLength = 40) {
  return matching(description, NAME, maxLength);
}

/** The name of a version of a layer. */
export function versionName(description: string) {
  return matching(description, '^[a-z0-9][a-z0-9.-]{0,23}$', 24);
}

/** The name of a target or channel. */
export function shortName(description: string) {
  return matching(description, '^[a-z0-9][a-z0-9.-]{0,40}$', 41);
}

/** The digest of some content. */
export function digest(description: string): Schema<Digest> {
  return { type: 'string', description, pattern: '^sha256:[0-9a-f]{64}$', maxLength: 71 };
}

/** A reference to a Secret in the same namespace, whose name may be any that Kubernetes allows. */
export function secretReference(description: string) {
  const pattern = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';
  return fields(description, {
    name: matching('Name of the Secret, in the same namespace.', pattern, 253),
  });
}

/** The SHA-256 of a file that comes from outside, as `sha256sum` prints it. */
export const sha256 = matching('SHA-256 of the file, in hex.', '^[0-9a-f]{64}$', 64);

/** A reference to an object in the same namespace. */
export function reference(description: string) {
  return fields(description, { name: objectName('Name of the object, in the same namespace.') });
}
