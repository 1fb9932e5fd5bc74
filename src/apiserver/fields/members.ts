import { isObject } from '../../core/json.ts';
import { atomOf, byElement, fieldShape, fieldsOf, itemsOf, type Fields } from './atom.ts';
import { fieldElement, type Path } from './element.ts';
import { FieldSetBuilder, type FieldSet } from './field-set.ts';
import type { ListShape, MapShape, Shape } from './shape.ts';

function collect(set: FieldSetBuilder, value: unknown, shape: Shape, path: Path): void {
  const atom = atomOf(shape, value);
  if (atom.kind === 'list' && !atom.list.isAtomic) {
    collectItems(set, itemsOf(value) ?? [], atom.list, path);
  } else if (atom.kind === 'map' && !atom.map.isAtomic) {
    collectFields(set, fieldsOf(value) ?? {}, atom.map, path);
  } else set.insert(path);
}

/** Items that stand there more than once are owned as one, without what is below them. */
function collectItems(
  set: FieldSetBuilder,
  items: readonly unknown[],
  list: ListShape,
  path: Path,
): void {
  for (const [element, [first, ...others]] of byElement(items, list)) {
    const below = [...path, element];
    if (others.length === 0) collect(set, first, list.items, below);
    set.insert(below);
  }
}

function collectFields(set: FieldSetBuilder, fields: Fields, map: MapShape, path: Path): void {
  for (const [name, value] of Object.entries(fields)) {
    const below = [...path, fieldElement(name)];
    const shape = fieldShape(map, name);
    if (shape !== undefined) collect(set, value, shape, below);
    const isHollow = value === null || (isObject(value) && Object.keys(value).length === 0);
    if (isHollow || !map.fields.has(name)) set.insert(below);
  }
}

/** The fields that a value sets: its leaves, the items of its lists, and keys that are no declared fields. */
export function membersOf(value: unknown, shape: Shape): FieldSet {
  const set = new FieldSetBuilder();
  collect(set, value, shape, []);
  return set;
}
