import { isList, isObject } from '../../core/json.ts';
import { keyElement, valueElement, type Element } from './element.ts';
import type { ListShape, MapShape, Shape } from './shape.ts';

/** An object whose fields are not known yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** The one kind of a shape that a value is treated as. */
export type Atom =
  | { readonly kind: 'map'; readonly map: MapShape }
  | { readonly kind: 'scalar' }
  | { readonly kind: 'list'; readonly list: ListShape };

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** What a value is treated as: what it is, if the shape allows it, else what the shape wants. */
export function atomOf({ scalar, list, map }: Shape, value: unknown): Atom {
  if (isScalar(value) && scalar !== undefined) return { kind: 'scalar' };
  if (isList(value) && list !== undefined) return { kind: 'list', list };
  if (map !== undefined) return { kind: 'map', map };
  if (scalar !== undefined || list === undefined) return { kind: 'scalar' };
  return { kind: 'list', list };
}

/** The shape of a field. */
export function fieldShape(map: MapShape, name: string): Shape | undefined {
  return map.fields.get(name) ?? map.values;
}

/** The value of a field; what an object inherits is no field. */
export function fieldOf(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** The items, or undefined where there is no list. */
export function itemsOf(value: unknown): readonly unknown[] | undefined {
  return isList(value) ? value : undefined;
}

/** The fields, or undefined where there is no object. */
export function fieldsOf(value: unknown): Fields | undefined {
  return isObject(value) ? value : undefined;
}

/** What has no step of a path, with the reason. */
export class NoElement extends Error {}

function keyedElement({ keys, items }: ListShape, item: unknown): Element {
  if (item === null) {
    throw new NoElement('associative list with keys may not have a null element');
  }
  if (!isObject(item)) {
    throw new NoElement('associative list with keys may not have non-map elements');
  }
  const standing = (name: string) => items.map?.fields.get(name)?.defaultValue;
  const found = keys
    .map((name) => [name, Object.hasOwn(item, name) ? item[name] : standing(name)] as const)
    .filter(([, value]) => value !== undefined);
  if (found.length === 0) {
    const names = keys.map((name) => JSON.stringify(name)).join(' ');
    throw new NoElement(
      `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    );
  }
  return keyElement(Object.fromEntries(found));
}

/** The step to an item of a list that is merged item by item. */
export function itemElement(list: ListShape, item: unknown): Element {
  if (list.keys.length > 0) return keyedElement(list, item);
  if (isObject(item)) {
    throw new NoElement("associative list without keys has an element that's a map type");
  }
  if (isList(item)) {
    throw new NoElement('not supported: associative list with lists as elements');
  }
  if (item === null) {
    throw new NoElement("associative list without keys has an element that's an explicit null");
  }
  return valueElement(item);
}

/** The items of such a list by their steps; there may be several of one. */
export function byElement(
  items: readonly unknown[],
  list: ListShape,
): ReadonlyMap<Element, readonly unknown[]> {
  return Map.groupBy(items, (item) => itemElement(list, item));
}
