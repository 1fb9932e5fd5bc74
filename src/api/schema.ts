import { Type, type Static, type TSchema } from 'typebox';
import type { Digest } from '../core/digest.ts';

/*
 * Helpers that keep every schema inside Kubernetes' structural rules: each node has a type, unions of
 * literals are enums, maps use additionalProperties, and everything has an upper bound so that CEL
 * cost stays finite and hostile input stays small.
 */

/** Text with a bound. */
export function text(description: string, maxLength = 1024) {
  return Type.String({ description, maxLength });
}

/** Text that matches a pattern, anchored on both sides. */
export function matching(description: string, pattern: string, maxLength: number) {
  return Type.String({ description, pattern, maxLength });
}

/** One of a few words. */
export function oneOf<const Word extends string>(description: string, words: readonly Word[]) {
  return Type.Unsafe<Word>({ type: 'string', enum: [...words], description });
}

/** An object with string keys that people choose. */
export function mapOf<Value extends TSchema>(
  description: string,
  value: Value,
  maxProperties = 64,
) {
  return Type.Unsafe<Readonly<Record<string, Static<Value>>>>({
    type: 'object',
    description,
    additionalProperties: value,
    maxProperties,
  });
}

/** A list whose items are told apart by a field, so that duplicates are refused. */
export function listMap<Item extends TSchema>(
  description: string,
  key: string,
  item: Item,
  maxItems = 64,
) {
  return Type.Unsafe<readonly Static<Item>[]>({
    type: 'array',
    description,
    items: item,
    maxItems,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': [key],
  });
}

/** A list in which order matters and items may repeat. */
export function listOf<Item extends TSchema>(description: string, item: Item, maxItems = 64) {
  return Type.Unsafe<readonly Static<Item>[]>({
    type: 'array',
    description,
    items: item,
    maxItems,
  });
}

/** An object with fixed fields. */
export function fields<Properties extends Record<string, TSchema>>(
  description: string,
  properties: Properties,
) {
  return Type.Object(properties, { description });
}

/** A whole number within bounds. */
export function whole(description: string, minimum: number, maximum: number) {
  return Type.Integer({ description, minimum, maximum });
}

/** True or false. */
export function flag(description: string) {
  return Type.Boolean({ description });
}

/** A field that may be left out. */
export const optional = Type.Optional;

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
export function digest(description: string) {
  return Type.Unsafe<Digest>(matching(description, '^sha256:[0-9a-f]{64}$', 71));
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
