import { jsonEqual } from '../../core/json.ts';
import {
  atomOf,
  byElement,
  fieldOf,
  fieldShape,
  fieldsOf,
  itemsOf,
  type Atom,
  type Fields,
} from './atom.ts';
import { fieldElement, type Path } from './element.ts';
import { FieldSetBuilder, without, type FieldSet } from './field-set.ts';
import type { ListShape, MapShape, Shape } from './shape.ts';

/** What differs between two values. */
export interface Comparison {
  readonly removed: FieldSet;
  readonly modified: FieldSet;
  readonly added: FieldSet;
}

/** Two values of one field; undefined is absent. */
interface Pair {
  readonly left: unknown;
  readonly right: unknown;
}

class Walk implements Comparison {
  readonly removed = new FieldSetBuilder();
  readonly modified = new FieldSetBuilder();
  readonly added = new FieldSetBuilder();

  visit(pair: Pair, shape: Shape, path: Path): void {
    const { left, right } = pair;
    const isLeaf = this.byKind(pair, shape, path);
    if (isLeaf) return;
    if (left === undefined) this.added.insert(path);
    else if (right === undefined) this.removed.insert(path);
  }

  /** A value that changes its kind is looked at as both. True where a leaf was compared. */
  private byKind(pair: Pair, shape: Shape, path: Path): boolean {
    const { left, right } = pair;
    const [before, after] = [atomOf(shape, left), atomOf(shape, right)];
    if (right === undefined) return this.atom(pair, before, path);
    if (left !== undefined && before.kind !== after.kind) this.atom(pair, before, path);
    return this.atom(pair, after, path);
  }

  private atom(pair: Pair, atom: Atom, path: Path): boolean {
    if (atom.kind === 'scalar') return this.leaf(pair, path);
    if (atom.kind === 'list') return this.list(pair, atom.list, path);
    return this.map(pair, atom.map, path);
  }

  private leaf({ left, right }: Pair, path: Path): boolean {
    if (left === undefined) this.added.insert(path);
    else if (right === undefined) this.removed.insert(path);
    else if (!jsonEqual(left, right)) this.modified.insert(path);
    return true;
  }

  private list(pair: Pair, list: ListShape, path: Path): boolean {
    const left = itemsOf(pair.left) ?? [];
    const right = itemsOf(pair.right) ?? [];
    if (list.isAtomic || left.length + right.length === 0) return this.leaf(pair, path);
    const [lefts, rights] = [byElement(left, list), byElement(right, list)];
    for (const element of new Set([...lefts.keys(), ...rights.keys()])) {
      const sides = [lefts.get(element) ?? [], rights.get(element) ?? []] as const;
      this.items(sides, list.items, [...path, element]);
    }
    return false;
  }

  /** The items of one key; there may be several, which are then compared as a whole. */
  private items(
    [left, right]: readonly [readonly unknown[], readonly unknown[]],
    shape: Shape,
    path: Path,
  ): void {
    if (left.length <= 1 && right.length <= 1) {
      this.visit({ left: left[0], right: right[0] }, shape, path);
    } else if (left.length > 1 && right.length > 1) {
      if (!jsonEqual(left, right)) this.modified.insert(path);
    } else if (left.length > 1) {
      if (right.length > 0) this.visit({ left: undefined, right: right[0] }, shape, path);
      this.removed.insert(path);
    } else {
      if (left.length > 0) this.visit({ left: left[0], right: undefined }, shape, path);
      this.added.insert(path);
    }
  }

  private map(pair: Pair, map: MapShape, path: Path): boolean {
    const left: Fields = fieldsOf(pair.left) ?? {};
    const right: Fields = fieldsOf(pair.right) ?? {};
    const names = new Set([...Object.keys(left), ...Object.keys(right)]);
    if (map.isAtomic || names.size === 0) return this.leaf(pair, path);
    for (const name of names) {
      const shape = fieldShape(map, name);
      if (shape === undefined) continue;
      const fields = { left: fieldOf(left, name), right: fieldOf(right, name) };
      this.visit(fields, shape, [...path, fieldElement(name)]);
    }
    return false;
  }
}

/** What the second value changes, without the fields that `ignored` names and all below them. */
export function compare(
  left: unknown,
  right: unknown,
  shape: Shape,
  ignored: FieldSet,
): Comparison {
  const walk = new Walk();
  walk.visit({ left, right }, shape, []);
  return {
    removed: without(walk.removed, ignored),
    modified: without(walk.modified, ignored),
    added: without(walk.added, ignored),
  };
}
