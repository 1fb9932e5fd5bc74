import { compare } from './compare.ts';
import { fieldNameOf, type Path } from './element.ts';
import {
  difference,
  EMPTY,
  intersection,
  isEmpty,
  pathsOf,
  union,
  without,
  type FieldSet,
} from './field-set.ts';
import { identityOf, withoutEmpty, type Manager, type Owner, type Owners } from './managed.ts';
import { membersOf } from './members.ts';
import { mergeValues } from './merge.ts';
import { remove } from './remove.ts';
import { shapeBelow } from './settle.ts';
import type { Shape } from './shape.ts';

/** What a resource says about its fields. */
export interface FieldRules {
  readonly shape: Shape;
  /** Fields that this part of the object never writes, with all that is below them. */
  readonly ignored: FieldSet;
}

/** A field that somebody else owns. */
export interface Conflict {
  readonly owner: Owner;
  readonly path: Path;
}

/** A change of an object; undefined is no object yet. */
export interface Change {
  readonly live: unknown;
  readonly next: unknown;
}

interface Taken {
  readonly owners: Owners;
  /** What each owner lost because somebody else changed it. */
  readonly lost: ReadonlyMap<Owner, FieldSet>;
  /** What has another value now, or was not there. */
  readonly changed: FieldSet;
}

/** Takes what changed away from everybody, except from the one who applies. */
export function takeFrom(
  owners: Owners,
  { live, next }: Change,
  rules: FieldRules,
  applier?: string,
): Taken {
  const comparison = compare(live, next, rules.shape, rules.ignored);
  const changed = union(comparison.modified, comparison.added);
  const lost = new Map<Owner, FieldSet>();
  const left = [...owners].map(([id, owner]): readonly [string, Owner] => {
    if (id === applier) return [id, owner];
    const taken = intersection(owner.set, changed);
    if (!isEmpty(taken)) lost.set(owner, taken);
    return [id, { ...owner, set: difference(difference(owner.set, taken), comparison.removed) }];
  });
  return { owners: withoutEmpty(new Map(left)), lost, changed };
}

function conflictsIn(lost: Taken['lost']): readonly Conflict[] {
  return [...lost].flatMap(([owner, set]) => [...pathsOf(set)].map((path) => ({ owner, path })));
}

/** With the named fields on the way to members, which are not members themselves. */
function withNamedFields(set: FieldSet, shape: Shape | undefined): FieldSet {
  const named = [...set.children.keys()].filter((element) => {
    const name = fieldNameOf(element);
    return name !== undefined && shape?.map?.fields.has(name);
  });
  const children = [...set.children].map(
    ([element, child]) =>
      [element, withNamedFields(child, shape && shapeBelow(shape, element))] as const,
  );
  return { members: set.members.union(new Set(named)), children: new Map(children) };
}

/**
 * Removes what the manager applied last time and applies no longer, unless somebody else owns it. Items
 * that nobody ever applied stay.
 */
function pruned(merged: unknown, last: FieldSet, owners: Owners, shape: Shape): unknown {
  if (isEmpty(last)) return merged;
  const named = (set: FieldSet) => withNamedFields(set, shape);
  const all = named(membersOf(merged, shape));
  const owned = [...owners.values()].reduce<FieldSet>((sum, { set }) => union(sum, set), EMPTY);
  const bare = named(membersOf(remove(merged, shape, named(last)), shape));
  const withOwned = remove(merged, shape, difference(all, union(bare, named(owned))));
  const left = named(membersOf(withOwned, shape));
  return remove(merged, shape, intersection(difference(all, left), named(last)));
}

/** What came of an apply: the merged object, who owns it, and what somebody else owns. */
export interface Applied {
  readonly object: unknown;
  readonly owners: Owners;
  readonly conflicts: readonly Conflict[];
}

/** Merges a configuration into the live object. */
export function applied(
  owners: Owners,
  manager: Manager,
  rules: FieldRules,
  { live, next: configuration }: Change,
): Applied {
  const { shape, ignored } = rules;
  const id = identityOf(manager);
  const set = without(membersOf(configuration, shape), ignored);
  const before = owners.get(id);
  const self: Owner = { ...manager, set, time: before?.time };
  const claimed = new Map([...owners, [id, self] as const]);
  const last = before?.set ?? EMPTY;
  const object = pruned(mergeValues(live, configuration, shape), last, claimed, shape);
  const taken = takeFrom(claimed, { live, next: object }, rules, id);
  return { object, owners: taken.owners, conflicts: conflictsIn(taken.lost) };
}
