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

/** Compares two values of one field; undefined is absent. */
class Walk implements Comparison {
  readonly removed = new FieldSetBuilder();
  readonly modified = new FieldSetBuilder();
  readonly added = new FieldSetBuilder();

  visit(left: unknown, right: unknown, shape: Shape, path: Path): void {
    const isLeaf = this.byKind(left, right, shape, path);
    if (isLeaf) return;
    if (left === undefined) this.added.insert(path);
    else if (right === undefined) this.removed.insert(path);
  }

  /** A value that changes its kind is looked at as both. True where a leaf was compared. */
  private byKind(left: unknown, right: unknown, shape: Shape, path: Path): boolean {
    const [before, after] = [atomOf(shape, left), atomOf(shape, right)];
    if (right === undefined) return this.atom(left, right, before, path);
    if (left !== undefined && before.kind !== after.kind) this.atom(left, right, before, path);
    return this.atom(left, right, after, path);
  }

  private atom(left: unknown, right: unknown, atom: Atom, path: Path): boolean {
    if (atom.kind === 'list') return this.list(left, right, atom.list, path);
    if (atom.kind === 'map') return this.map(left, right, atom.map, path);
    return this.leaf(left, right, path);
  }

  private leaf(left: unknown, right: unknown, path: Path): boolean {
    if (left === undefined) this.added.insert(path);
    else if (right === undefined) this.removed.insert(path);
    else if (!jsonEqual(left, right)) this.modified.insert(path);
    return true;
  }

  private list(left: unknown, right: unknown, list: ListShape, path: Path): boolean {
    const [before, after] = [itemsOf(left) ?? [], itemsOf(right) ?? []];
    if (list.isAtomic || before.length + after.length === 0) return this.leaf(left, right, path);
    const [lefts, rights] = [byElement(before, list), byElement(after, list)];
    for (const element of new Set([...lefts.keys(), ...rights.keys()])) {
      const below = [...path, element];
      this.items(lefts.get(element) ?? [], rights.get(element) ?? [], list.items, below);
    }
    return false;
  }

  /** The items of one key; there may be several, which are then compared as a whole. */
  private items(
    left: readonly unknown[],
    right: readonly unknown[],
    shape: Shape,
    path: Path,
  ): void {
    if (left.length <= 1 && right.length <= 1) {
      this.visit(left[0], right[0], shape, path);
    } else if (left.length > 1 && right.length > 1) {
      if (!jsonEqual(left, right)) this.modified.insert(path);
    } else if (left.length > 1) {
      if (right.length > 0) this.visit(undefined, right[0], shape, path);
      this.removed.insert(path);
    } else {
      if (left.length > 0) this.visit(left[0], undefined, shape, path);
      this.added.insert(path);
    }
  }

  private map(left: unknown, right: unknown, map: MapShape, path: Path): boolean {
    const before: Fields = fieldsOf(left) ?? {};
    const after: Fields = fieldsOf(right) ?? {};
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    if (map.isAtomic || names.size === 0) return this.leaf(left, right, path);
    for (const name of names) {
      const shape = fieldShape(map, name);
      if (shape === undefined) continue;
      const below = [...path, fieldElement(name)];
      this.visit(fieldOf(before, name), fieldOf(after, name), shape, below);
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
  walk.visit(left, right, shape, []);
  return {
    removed: without(walk.removed, ignored),
    modified: without(walk.modified, ignored),
    added: without(walk.added, ignored),
  };
}
