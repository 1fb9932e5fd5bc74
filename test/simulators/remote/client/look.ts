import { Failure, impossible } from '../../../../src/core/failure.ts';
import { isObject } from '../../../../src/core/json.ts';
import type { MachineSeen, Things } from '../../../../src/connectors/connector.ts';
import type { Listing, Marks, Thing } from '../wire.ts';

/** All that the platform has under one key, sorted; the oldest complete thing first. */
export interface Look {
  readonly machines: readonly Thing[];
  readonly disks: readonly Thing[];
  readonly publications: readonly Thing[];
  /** With our marks, and another name: clones inherit marks. */
  readonly copies: readonly Thing[];
  /** With our name, and not our marks. */
  readonly strangers: readonly Thing[];
}

/** What this connector marks its things with. */
export function marksOf(install: string, key: string, more: Marks = {}): Marks {
  return { install, key, ...more };
}

/** The name that follows from the key. */
export function nameOf(key: string, revision?: string): string {
  return revision === undefined ? key : `${key}.${revision}`;
}

/** Refuses what could mean something in a path or a name. */
export function checkName(name: string): string {
  if (/^[a-z0-9][a-z0-9.-]{0,199}$/.test(name)) return name;
  throw impossible(
    'BadName',
    `"${name.slice(0, 80)}" cannot name a machine, disk or publication`,
    'Use small letters, digits, dots and dashes.',
  );
}

/** The list as it came over the line. */
export function listingOf(answer: unknown): Listing {
  if (!isObject(answer) || !Array.isArray(answer['things'])) {
    const message = 'the platform sent a list of an unknown form';
    throw new Failure({ consequence: 'Transient', code: 'UnexpectedAnswer', message });
  }
  return answer as unknown as Listing;
}

const isComplete = (thing: Thing): boolean =>
  thing.kind === 'machine' ? thing.disk !== undefined : thing.marks['state'] !== 'filling';

/** Machines that have their disk, and disks that were filled. */
export const complete = (things: readonly Thing[]): readonly Thing[] => things.filter(isComplete);

/** The disk of the machine, or the one that a machine would get. */
export function diskOf({ machines, disks }: Look): Thing | undefined {
  const has = machines.find(({ disk }) => disk !== undefined)?.disk;
  return disks.find(({ id }) => id === has) ?? complete(disks)[0];
}

const oldestCompleteFirst = (left: Thing, right: Thing): number =>
  Number(isComplete(right)) - Number(isComplete(left)) ||
  left.made - right.made ||
  (left.id < right.id ? -1 : 1);

/** Sorts out what is ours under a key. */
export function sortOut(things: readonly Thing[], install: string, key: string): Look {
  const marked = (thing: Thing): boolean =>
    thing.marks['install'] === install && thing.marks['key'] === key;
  const named = (thing: Thing): boolean =>
    thing.name === nameOf(key, thing.kind === 'publication' ? thing.marks['revision'] : undefined);
  const ours = things.filter((thing) => marked(thing) && named(thing)).sort(oldestCompleteFirst);
  const ofKind = (kind: Thing['kind']) => ours.filter((thing) => thing.kind === kind);
  return {
    machines: ofKind('machine'),
    disks: ofKind('disk'),
    publications: ofKind('publication'),
    copies: things.filter((thing) => marked(thing) && !named(thing)),
    strangers: things.filter((thing) => !marked(thing) && thing.name === key),
  };
}

function machineSeen(thing: Thing, url: string): MachineSeen {
  const { id, name, power = 'off', boots = 0, bootedAt } = thing;
  return {
    id,
    power,
    ...(boots === 0 ? {} : { boot: String(boots) }),
    ...(bootedAt === undefined ? {} : { bootedAt }),
    text: `machine ${name} on ${url}`,
  };
}

/** As plans see it. A machine without its disk is none: nobody may switch it on. */
export function thingsSeen(look: Look, url: string): Things {
  return {
    machines: complete(look.machines).map((thing) => machineSeen(thing, url)),
    disks: look.disks.map(({ id, marks: { state, composition } }) => ({
      id,
      state: state === 'filling' ? 'filling' : 'ready',
      ...(composition === undefined ? {} : { composition }),
    })),
    publications: look.publications.map(({ id, name, marks, inUse }) => ({
      id,
      revision: marks['revision'] ?? '',
      text: `${name} on ${url}`,
      ...(inUse === undefined ? {} : { inUse }),
    })),
    copies: [...new Set(look.copies.map(({ name }) => name))].sort(),
  };
}
