/*
 * The controllers among 1,000, 5,000 and 10,000 objects of people: from creation to Ready, what a pass
 * costs, whom one write wakes, and how long the process ever stands still. The API with its database on
 * disk, the runtime, the reconcilers and the store's index are real and in a process of their own; the
 * store claims that everything is built, the platform that it is published, so no build is measured.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ApiObject } from '../src/api/object.ts';
import { resourceOf } from '../src/kube/resource.ts';
import { allReady } from './support/arrival.ts';
import { withCallers } from './support/callers.ts';
import { startControlled, type Controlled } from './support/controlled.ts';
import { steadyEdits, touchAll } from './support/edits.ts';
import { atMost, below, benchmark, rounded, type Figure } from './support/figures.ts';
import { CONNECTOR } from './support/objects.ts';
import { repositoryOf } from './support/repository.ts';
import { quantile, secondsOf } from './support/timing.ts';
import { wakes } from './support/wakes.ts';
import type { Account } from './support/witness.ts';

const SIZES = [1000, 5000, 10_000];
/** The design promises a time for so many. */
const PROMISED = 1000;
const CALLERS = 16;
const REST_MS = 5000;
const LIMIT_MS = 300_000;

const namesOf = (objects: readonly ApiObject[], kind: string) =>
  new Set(objects.filter((item) => item.kind === kind).map(({ metadata }) => metadata.name));

const sum = (values: Iterable<number>) => [...values].reduce((one, other) => one + other, 0);

const passesIn = (passes: Account['passes']) =>
  sum(Object.values(passes).map(({ count }) => count));

async function bringUp(system: Controlled, size: number): Promise<readonly Figure[]> {
  const objects = repositoryOf(size);
  const { client } = system;
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

const own = ({ ownStallMs }: Account) => `${rounded(ownStallMs)} ms of it the process's own work`;

function stall(what: string, account: Account): Figure {
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

async function atRest(system: Controlled): Promise<readonly Figure[]> {
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

async function passCost(system: Controlled): Promise<readonly Figure[]> {
  await system.ask('look');
  await touchAll(system.client);
  await system.ask('rest');
  const passes = Object.entries((await system.ask('tell')).passes);
  const list = (pick: (one: Account['passes'][string]) => number) =>
    passes.map(([name, one]) => `${name} ${rounded(pick(one))}`).join(', ');
  return [
    {
      what: 'a pass that changes nothing, mean of the slowest controller',
      value: Math.max(...passes.map(([, { meanMs }]) => meanMs)),
      unit: 'ms',
      ...atMost(1),
      beside: list(({ meanMs }) => meanMs),
    },
    {
      what: 'the same, 99th percentile',
      value: Math.max(...passes.map(([, { p99Ms }]) => p99Ms)),
      unit: 'ms',
      beside: list(({ p99Ms }) => p99Ms),
    },
  ];
}

async function edits(system: Controlled): Promise<readonly Figure[]> {
  await system.ask('look');
  const count = await steadyEdits(system.client);
  await system.ask('rest');
  const account = await system.ask('tell');
  const { passes, cpuSeconds } = account;
  return [
    {
      ...stall('longest stall in 10 s of edits', account),
      beside: `${own(account)}; ${count} edits, ${passesIn(passes)} passes, ${rounded(cpuSeconds)} s of processor time`,
    },
  ];
}

async function dependants(system: Controlled): Promise<readonly Figure[]> {
  const times = await system.ask('chains');
  return [
    {
      what: 'input Ready until its dependant starts, worst of 20',
      value: Math.max(...times),
      unit: 's',
      ...below(1),
      beside: `median ${rounded(quantile(times, 0.5) * 1000)} ms`,
    },
  ];
}

/** All objects are looked at once, and nothing is to be done. */
async function startedAgain(system: Controlled): Promise<readonly Figure[]> {
  await system.ask('rest');
  const account = await system.ask('tell');
  const { seconds, cpuSeconds, passes, writes } = account;
  return [
    {
      what: 'started again, until all was looked at',
      value: seconds,
      unit: 's',
      beside: `${passesIn(passes)} passes, ${sum(Object.values(writes))} writes, ${rounded(cpuSeconds)} s of processor time`,
    },
    stall('longest stall when started again', account),
  ];
}

async function among(folder: string, size: number): Promise<readonly Figure[]> {
  await using system = await startControlled(folder, size);
  await system.client.create(resourceOf('ConnectorConfig'), CONNECTOR);
  await allReady(system.client, 'ConnectorConfig', new Set(['here']), LIMIT_MS);
  return [
    ...(await bringUp(system, size)),
    ...(await atRest(system)),
    ...(await passCost(system)),
    ...(await wakes(system)),
    ...(await edits(system)),
  ];
}

async function atSize(folder: string, size: number): Promise<readonly Figure[]> {
  const figures = [...(await among(folder, size))];
  await using system = await startControlled(folder, size);
  figures.push(...(await startedAgain(system)), ...(await dependants(system)));
  const objects = `${size.toLocaleString('en')} objects`;
  return figures.map((figure) => ({ ...figure, what: `${objects}: ${figure.what}` }));
}

async function measure(folder: string, say: (line: string) => void): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const size of SIZES) {
    say(`${size} objects`);
    figures.push(...(await atSize(join(folder, `${size}`), size)));
  }
  return figures;
}

const folder = await mkdtemp(join(tmpdir(), 'lamina-bench-'));
try {
  await benchmark('runtime', (say) => measure(folder, say));
} finally {
  await rm(folder, { recursive: true, force: true });
}
