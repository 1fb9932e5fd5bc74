import { isObject } from '../../core/json.ts';
import { atomOf, byElement, fieldShape, fieldsOf, itemsOf, type Fields } from './atom.ts';
import { fieldElement, type Path } from './element.ts';
import { FieldSetBuilder, type FieldSet } from './field-set.ts';
import type { ListShape, MapShape, Shape } from './shape.ts';

/** Collects the fields that a value sets. */
class Members {
  readonly set = new FieldSetBuilder();

  visit(value: unknown, shape: Shape, path: Path): void {
    const atom = atomOf(shape, value);
    if (atom.kind === 'scalar') this.set.insert(path);
    else if (atom.kind === 'list') this.list(itemsOf(value), atom.list, path);
    else this.map(fieldsOf(value), atom.map, path);
  }

  private list(items: readonly unknown[] | undefined, list: ListShape, path: Path): void {
    if (list.isAtomic) this.set.insert(path);
    else if (items !== undefined) this.items(items, list, path);
  }

  /** Items that stand there more than once are owned as one, without what is below them. */
  private items(items: readonly unknown[], list: ListShape, path: Path): void {
    for (const [element, [first, ...others]] of byElement(items, list)) {
      const below = [...path, element];
      if (others.length === 0) this.visit(first, list.items, below);
      this.set.insert(below);
    }
  }

  private map(fields: Fields | undefined, map: MapShape, path: Path): void {
    if (map.isAtomic) this.set.insert(path);
    else
      for (const [name, value] of Object.entries(fields ?? {})) this.field(name, value, map, path);
  }

  private field(name: string, value: unknown, map: MapShape, path: Path): void {
    const below = [...path, fieldElement(name)];
    const shape = fieldShape(map, name);
    if (shape !== undefined) this.visit(value, shape, below);
    const isHollow = value === null || (isObject(value) && Object.keys(value).length === 0);
    if (isHollow || !map.fields.has(name)) this.set.insert(below);
  }
}

/** The fields that a value sets: its leaves, the items of its lists, and keys that are no declared fields. */
export function membersOf(value: unknown, shape: Shape): FieldSet {
  const members = new Members();
  members.visit(value, shape, []);
  return members.set;
}
