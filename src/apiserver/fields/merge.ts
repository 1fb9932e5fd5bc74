import {
  atomOf,
  byElement,
  fieldOf,
  fieldShape,
  fieldsOf,
  itemElement,
  itemsOf,
  type Fields,
} from './atom.ts';
import type { Element } from './element.ts';
import type { ListShape, MapShape, Shape } from './shape.ts';

function either(left: unknown, right: unknown): unknown {
  return right === undefined ? left : right;
}

/** The item of a step; what stands there more than once is not merged into. */
function single(items: ReturnType<typeof byElement>, element: Element): unknown {
  const [first, ...others] = items.get(element) ?? [];
  return others.length === 0 ? first : null;
}

/**
 * Walks both lists at once: what only the old list has keeps its place, and what both have follows the
 * order of the new one.
 */
function mergeItems(left: readonly unknown[], right: readonly unknown[], list: ListShape) {
  const stepOf = (item: unknown) => itemElement(list, item);
  const [olds, news] = [left.map(stepOf), right.map(stepOf)];
  const [old, wanted] = [byElement(left, list), byElement(right, list)];
  // Steps that both lists have, in the order of the new one, not yet merged.
  const shared = news.filter((element) => old.has(element));
  const merged = new Set<Element>();
  const out: unknown[] = [];
  let [leftAt, rightAt] = [0, 0];
  const take = (element: Element) => {
    merged.add(element);
    rightAt += 1;
    out.push(mergeValues(single(old, element), single(wanted, element), list.items));
  };
  while (leftAt < olds.length || rightAt < news.length) {
    const [before, next, turn] = [olds[leftAt], news[rightAt], shared[0]];
    if (before !== undefined && !wanted.has(before)) {
      out.push(mergeValues(left[leftAt], undefined, list.items));
      leftAt += 1;
    } else if (before !== undefined && before === next) {
      leftAt += 1;
      take(before);
      shared.shift();
    } else if (
      before !== undefined &&
      next !== undefined &&
      turn !== undefined &&
      turn !== before
    ) {
      // It is in both lists, but its turn in the new order comes later.
      leftAt += 1;
    } else {
      if (before !== undefined && merged.has(before)) leftAt += 1;
      if (next === undefined) continue;
      take(next);
      if (turn === next) shared.shift();
    }
  }
  return out;
}

function mergeLists(left: unknown, right: unknown, list: ListShape): unknown {
  const [leftItems, rightItems] = [itemsOf(left) ?? [], itemsOf(right) ?? []];
  if (list.isAtomic || leftItems.length + rightItems.length === 0) return either(left, right);
  return mergeItems(leftItems, rightItems, list);
}

function mergeMaps(left: unknown, right: unknown, map: MapShape): unknown {
  const old: Fields = fieldsOf(left) ?? {};
  const applied: Fields = fieldsOf(right) ?? {};
  const names = new Set([...Object.keys(old), ...Object.keys(applied)]);
  if (map.isAtomic || names.size === 0) return either(left, right);
  const entries = [...names].map((name): readonly [string, unknown] => {
    const [before, wanted] = [fieldOf(old, name), fieldOf(applied, name)];
    const shape = fieldShape(map, name);
    return [
      name,
      shape === undefined ? either(before, wanted) : mergeValues(before, wanted, shape),
    ];
  });
  return Object.fromEntries(entries);
}

/** Lays what is applied over what is there. Nothing is removed; where both set a leaf, the second wins. */
export function mergeValues(left: unknown, right: unknown, shape: Shape): unknown {
  const atom = atomOf(shape, right === undefined ? left : right);
  if (atom.kind === 'scalar') return either(left, right);
  if (atom.kind === 'list') return mergeLists(left, right, atom.list);
  return mergeMaps(left, right, atom.map);
}
