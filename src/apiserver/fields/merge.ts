import {
  atomOf,
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

/** Items of a list by their step; what stands there more than once is not merged into. */
class Indexed {
  readonly elements: readonly Element[];
  readonly items: readonly unknown[];
  private readonly byElement = new Map<Element, unknown>();

  constructor(items: readonly unknown[], list: ListShape) {
    this.items = items;
    this.elements = items.map((item) => itemElement(list, item));
    for (const [index, element] of this.elements.entries()) {
      this.byElement.set(element, this.byElement.has(element) ? null : items[index]);
    }
  }

  has(element: Element): boolean {
    return this.byElement.has(element);
  }

  get(element: Element): unknown {
    return this.byElement.get(element);
  }
}

/**
 * Walks both lists at once: what only the old list has keeps its place, and what both have follows the
 * order of the new one.
 */
class ListMerge {
  private readonly left: Indexed;
  private readonly right: Indexed;
  private readonly shape: Shape;
  /** Steps that both lists have, in the order of the new one, not yet merged. */
  private readonly shared: Element[];
  private readonly merged = new Set<Element>();
  private readonly out: unknown[] = [];
  private leftAt = 0;
  private rightAt = 0;

  constructor(left: readonly unknown[], right: readonly unknown[], list: ListShape) {
    this.left = new Indexed(left, list);
    this.right = new Indexed(right, list);
    this.shape = list.items;
    this.shared = this.right.elements.filter((element) => this.left.has(element));
  }

  result(): readonly unknown[] {
    while (this.leftAt < this.left.items.length || this.rightAt < this.right.items.length) {
      this.step(this.left.elements[this.leftAt], this.right.elements[this.rightAt]);
    }
    return this.out;
  }

  private step(left: Element | undefined, right: Element | undefined): void {
    if (left !== undefined && right !== undefined && left === right) {
      this.leftAt += 1;
      this.takeRight(right);
      this.shared.shift();
      return;
    }
    const [next] = this.shared;
    if (left !== undefined && right !== undefined && next !== undefined && next !== left) {
      // It is in both lists, but its turn in the new order comes later.
      if (this.right.has(left)) {
        this.leftAt += 1;
        return;
      }
    }
    if (left !== undefined && !this.right.has(left)) {
      this.out.push(mergeValues(this.left.items[this.leftAt], undefined, this.shape));
      this.leftAt += 1;
      return;
    }
    if (left !== undefined && this.merged.has(left)) this.leftAt += 1;
    if (right === undefined) return;
    this.takeRight(right);
    if (next === right) this.shared.shift();
  }

  private takeRight(element: Element): void {
    this.merged.add(element);
    this.rightAt += 1;
    this.out.push(mergeValues(this.left.get(element), this.right.get(element), this.shape));
  }
}

function mergeLists(left: unknown, right: unknown, list: ListShape): unknown {
  const [leftItems, rightItems] = [itemsOf(left) ?? [], itemsOf(right) ?? []];
  if (list.isAtomic || leftItems.length + rightItems.length === 0) return either(left, right);
  return new ListMerge(leftItems, rightItems, list).result();
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
