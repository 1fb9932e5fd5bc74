import { fieldShape } from './atom.ts';
import { fieldNameOf, type Element } from './element.ts';
import { isEmpty, type FieldSet } from './field-set.ts';
import type { Shape } from './shape.ts';

/** The shape of what a step leads to. */
export function shapeBelow(shape: Shape, element: Element): Shape | undefined {
  const name = fieldNameOf(element);
  if (name !== undefined) return shape.map && fieldShape(shape.map, name);
  return shape.list?.items;
}

/** Whether the value is owned as a whole. */
function isWhole({ map, scalar, list }: Shape): boolean {
  if (map !== undefined) return map.isAtomic;
  return scalar === undefined && list?.isAtomic === true;
}

/**
 * The set as a newer schema sees it: who owned parts of what is now owned as a whole owns the whole. The
 * other way round nothing changes.
 */
export function settled(set: FieldSet, shape: Shape): FieldSet {
  const members = new Set(set.members);
  const children = new Map<Element, FieldSet>();
  for (const [element, child] of set.children) {
    const known = shapeBelow(shape, element);
    if (known !== undefined && isWhole(known) && !isEmpty(child)) members.add(element);
    else children.set(element, known === undefined ? child : settled(child, known));
  }
  return { members, children };
}
