import { isObject } from '../../core/json.ts';
import {
  compareElements,
  fieldElement,
  parseElement,
  wireText,
  type Element,
  type Path,
} from './element.ts';

/**
 * A set of fields, as a tree. A field below another may be in the set without it, and the other way round.
 * Sets share branches, so nobody changes one that others may have.
 */
export interface FieldSet {
  readonly members: ReadonlySet<Element>;
  readonly children: ReadonlyMap<Element, FieldSet>;
}

/** The set of nothing. */
export const EMPTY: FieldSet = { members: new Set(), children: new Map() };

/** A set under construction. */
export class FieldSetBuilder implements FieldSet {
  readonly members = new Set<Element>();
  readonly children = new Map<Element, FieldSetBuilder>();

  /** Adds a field. The object as a whole belongs to nobody. */
  insert(path: Path): void {
    const last = path.at(-1);
    if (last === undefined) return;
    path
      .slice(0, -1)
      .reduce<FieldSetBuilder>((at, element) => at.below(element), this)
      .members.add(last);
  }

  private below(element: Element): FieldSetBuilder {
    const known = this.children.get(element);
    if (known !== undefined) return known;
    const fresh = new FieldSetBuilder();
    this.children.set(element, fresh);
    return fresh;
  }
}

/** The set of these fields, each given as `spec.finalizers`. */
export function setOfFields(...names: readonly string[]): FieldSet {
  const set = new FieldSetBuilder();
  for (const name of names) set.insert(name.split('.').map(fieldElement));
  return set;
}

/** Whether the set has no field. */
export function isEmpty(set: FieldSet): boolean {
  return set.members.size === 0 && [...set.children.values()].every(isEmpty);
}

/** Whether a field is in the set. */
export function has(set: FieldSet, path: Path): boolean {
  const [first, ...rest] = path;
  if (first === undefined) return false;
  if (rest.length === 0) return set.members.has(first);
  const child = set.children.get(first);
  return child !== undefined && has(child, rest);
}

/** What is in either. */
export function union(left: FieldSet, right: FieldSet): FieldSet {
  const children = new Map(left.children);
  for (const [element, child] of right.children) {
    const known = children.get(element);
    children.set(element, known === undefined ? child : union(known, child));
  }
  return { members: left.members.union(right.members), children };
}

function keptChildren(
  set: FieldSet,
  keep: (element: Element, child: FieldSet) => FieldSet,
): ReadonlyMap<Element, FieldSet> {
  const kept = [...set.children].map(
    ([element, child]) => [element, keep(element, child)] as const,
  );
  return new Map(kept.filter(([, child]) => !isEmpty(child)));
}

/** What is in both. */
export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  const children = keptChildren(left, (element, child) => {
    const other = right.children.get(element);
    return other === undefined ? EMPTY : intersection(child, other);
  });
  return { members: left.members.intersection(right.members), children };
}

/** What is in the first and not in the second, field by field: taking a parent leaves its children. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  const children = keptChildren(left, (element, child) => {
    const other = right.children.get(element);
    return other === undefined ? child : difference(child, other);
  });
  return { members: left.members.difference(right.members), children };
}

/** What is in the first, without the fields of the second and all that is below them. */
export function without(left: FieldSet, right: FieldSet): FieldSet {
  const children = keptChildren(left, (element, child) => {
    if (right.members.has(element)) return EMPTY;
    const other = right.children.get(element);
    return other === undefined ? child : without(child, other);
  });
  return { members: left.members.difference(right.members), children };
}

/** All fields of a set: at each level first those of the set, then those below, in Kubernetes' order. */
export function* pathsOf(set: FieldSet, prefix: Path = []): Generator<Path> {
  for (const element of [...set.members].sort(compareElements)) yield [...prefix, element];
  for (const element of [...set.children.keys()].sort(compareElements)) {
    yield* pathsOf(set.children.get(element) ?? EMPTY, [...prefix, element]);
  }
}

/** The set as `fieldsV1`: a tree in which a dot stands for the field that has others below it. */
export function toFieldsV1(set: FieldSet): Readonly<Record<string, unknown>> {
  const elements = [...set.members.union(set.children)].sort(compareElements);
  const entries = elements.map((element): [string, unknown] => {
    const child = set.children.get(element);
    const self = set.members.has(element) && child !== undefined ? { '.': {} } : {};
    return [wireText(element), { ...self, ...(child === undefined ? {} : toFieldsV1(child)) }];
  });
  return Object.fromEntries(entries);
}

/** Reads `fieldsV1`; throws on steps that cannot be read, and drops kinds of steps of a later Kubernetes. */
export function fromFieldsV1(fields: unknown): FieldSet {
  const members = new Set<Element>();
  const children = new Map<Element, FieldSet>();
  for (const [key, below] of Object.entries(isObject(fields) ? fields : {})) {
    const element = key === '.' ? undefined : parseElement(key);
    if (element === undefined) continue;
    const child = fromFieldsV1(below);
    const hasChildren = child.members.size > 0 || child.children.size > 0;
    if (!hasChildren || (isObject(below) && Object.hasOwn(below, '.'))) members.add(element);
    if (hasChildren) children.set(element, child);
  }
  return { members, children };
}
