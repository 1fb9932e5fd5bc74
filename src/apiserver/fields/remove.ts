import { isObject } from '../../core/json.ts';
import { atomOf, fieldShape, itemElement, type Fields } from './atom.ts';
import { fieldElement } from './element.ts';
import { isEmpty, type FieldSet } from './field-set.ts';
import type { ListShape, MapShape, Shape } from './shape.ts';

function keptItems(items: readonly unknown[], list: ListShape, gone: FieldSet): unknown {
  const kept = items.flatMap((item) => {
    const element = itemElement(list, item);
    if (gone.members.has(element)) return [];
    const below = gone.children.get(element);
    return [below === undefined || isEmpty(below) ? item : remove(item, list.items, below)];
  });
  return kept.length === 0 ? null : kept;
}

function keptFields(fields: Fields, map: MapShape, gone: FieldSet): unknown {
  const kept = Object.entries(fields).flatMap(([name, value]): [string, unknown][] => {
    const element = fieldElement(name);
    if (gone.members.has(element)) return [];
    const below = gone.children.get(element);
    const shape = fieldShape(map, name);
    if (below === undefined || isEmpty(below) || shape === undefined) return [[name, value]];
    return [[name, remove(value, shape, below)]];
  });
  return kept.length === 0 ? null : Object.fromEntries(kept);
}

/** The value without some fields and items. What is left with nothing in it becomes null. */
export function remove(value: unknown, shape: Shape, gone: FieldSet): unknown {
  const atom = atomOf(shape, value);
  if (atom.kind === 'scalar') return value;
  if (atom.kind === 'list') {
    const { list } = atom;
    return Array.isArray(value) && !list.isAtomic ? keptItems(value, list, gone) : null;
  }
  return isObject(value) && !atom.map.isAtomic ? keptFields(value, atom.map, gone) : null;
}
