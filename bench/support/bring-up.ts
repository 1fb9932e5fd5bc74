import { setTimeout as delay } from 'node:timers/promises';
import type { ApiObject } from '../../src/api/object.ts';
import { resourceOf } from '../../src/kube/resource.ts';
import { allReady } from './arrival.ts';
import { withCallers } from './callers.ts';
import type { Controlled } from './controlled.ts';
import { atMost, below, rounded, type Figure } from './figures.ts';
import { CONNECTOR } from './objects.ts';
import { repositoryOf } from './repository.ts';
import { secondsOf } from './timing.ts';
import type { Account } from './witness.ts';

/** The design promises a time for so many. */
const PROMISED = 1000;
const CALLERS = 16;
const REST_MS = 5000;
const LIMIT_MS = 900_000;

const namesOf = (objects: readonly ApiObject[], kind: string) =>
  new Set(objects.filter((item) => item.kind === kind).map(({ metadata }) => metadata.name));

/** All of them together. */
export const sum = (values: Iterable<number>) => [...values].reduce((one, other) => one + other, 0);

/** Passes of all controllers. */
export const passesIn = (passes: Account['passes']) =>
  sum(Object.values(passes).map(({ count }) => count));

/** From what people write to where all of it is Ready; makes the connector that everything needs. */
export async function bringUp(system: Controlled, size: number): Promise<readonly Figure[]> {
  const objects = repositoryOf(size);
  const { client } = system;
  await client.create(resourceOf('ConnectorConfig'), CONNECTOR);
  await allReady(client, 'ConnectorConfig', new Set(['here']), LIMIT_MS);
  await system.ask('look');
  const seconds = await secondsOf(async () => {
    const arrivals = ['OSLayer', 'AppLayer', 'ImageTemplate'].map((kind) =>
      allReady(client, kind, namesOf(objects, kind), LIMIT_MS),
    );
    await withCallers(CALLERS, objects, (one) => client.create(resourceOf(one.kind), one));
    await Promise.all(arrivals);
  });
  // What trails behind the last Ready counts too.
  await system.ask('rest');
  const account = await system.ask('tell');
  const made = await Promise.all(
    ['LayerVersion', 'LayeredImage'].map(
      async (kind) => (await client.list(resourceOf(kind))).items,
    ),
  );
  return [
    {
      what: 'from creation to all Ready',
      value: seconds,
      unit: 's',
      ...(size === PROMISED ? atMost(60) : {}),
      beside: `${passesIn(account.passes)} passes, ${rounded(account.cpuSeconds)} s of processor time`,
    },
    ...perObject(account, objects.length + sum(made.map(({ length }) => length))),
    stall('longest stall on the way there', account),
  ];
}

/** What no other program had a part in. */
export const own = ({ ownStallMs }: Account) =>
  `${rounded(ownStallMs)} ms of it the process's own work`;

/** The longest time in which the process turned to nothing new. */
export function stall(what: string, account: Account): Figure {
  return { what, value: account.stallMs, unit: 'ms', ...below(50), beside: own(account) };
}

/** Who needs no build gets one write for the hold on it and one for its status. Events are told apart. */
function perObject({ writes }: Account, objects: number): readonly Figure[] {
  const { events = 0, ...rest } = writes;
  const each = Object.entries(rest).map(([resource, count]) => `${count} on ${resource}`);
  return [
    {
      what: 'API writes per object that needs no build',
      value: sum(Object.values(rest)) / objects,
      unit: '',
      ...atMost(2),
      beside: `${objects} objects: ${each.join(', ')}; ${events} Events`,
    },
  ];
}

/** What goes on when nothing is to be done. */
export async function atRest(system: Controlled): Promise<readonly Figure[]> {
  await system.ask('look');
  await delay(REST_MS);
  const { writes } = await system.ask('tell');
  const { rssBytes, heapBytes } = await system.ask('memory');
  return [
    {
      what: 'API writes at rest, 5 s',
      value: sum(Object.values(writes)),
      unit: '',
      ...atMost(0),
    },
    {
      what: 'memory of the process at rest',
      value: rssBytes / 2 ** 20,
      unit: 'MiB',
      beside: `${Math.round(heapBytes / 2 ** 20)} MiB of it JavaScript objects`,
    },
  ];
}
