/*
 * The controllers among 1,000, 5,000 and 10,000 objects of people: from creation to Ready, what a pass
 * costs, whom one write wakes, and how long the process ever stands still. The API with its database on
 * disk, the runtime, the reconcilers and the store's index are real and in a process of their own; the
 * store claims that everything is built, the platform that it is published, so no build is measured. Beside that: the
 * same controllers on a real Kubernetes, and their cache beside the informer of `@kubernetes/client-node`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judgeMissing } from '../test/support/judge.ts';
import { caches } from './beside/caches.ts';
import { onRealApi } from './beside/controllers.ts';
import { atRest, bringUp, own, passesIn, stall, sum } from './support/bring-up.ts';
import { startControlled, type Controlled } from './support/controlled.ts';
import { steadyEdits, touchAll } from './support/edits.ts';
import { atMost, below, benchmark, rounded, type Figure } from './support/figures.ts';
import { scaled } from './support/scale.ts';
import { quantile } from './support/timing.ts';
import { wakes } from './support/wakes.ts';
import type { Account } from './support/witness.ts';

const missing = judgeMissing();
const SIZES = scaled([1000, 5000, 10_000], [100]);

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
  return [
    ...(await bringUp(system, size)),
    ...(await atRest(system)),
    ...(await passCost(system)),
    ...(await wakes(system)),
    ...(await edits(system)),
  ];
}

async function again(folder: string, size: number): Promise<readonly Figure[]> {
  await using system = await startControlled(folder, size);
  return [...(await startedAgain(system)), ...(await dependants(system))];
}

async function atSize(folder: string, size: number): Promise<readonly Figure[]> {
  const figures = [...(await among(folder, size)), ...(await again(folder, size))];
  if (missing === undefined)
    figures.push(...(await onRealApi(join(folder, 'real'), size, figures)));
  const objects = `${size.toLocaleString('en')} objects`;
  return figures.map((figure) => ({ ...figure, what: `${objects}: ${figure.what}` }));
}

/** The first process after a change of the source compiles it, which takes memory. */
async function compiled(folder: string): Promise<void> {
  await using system = await startControlled(folder, 1);
  await system.ask('rest');
}

async function measure(folder: string, say: (line: string) => void): Promise<readonly Figure[]> {
  await compiled(join(folder, 'first'));
  const figures: Figure[] = [];
  for (const size of SIZES) {
    say(`${size} objects`);
    figures.push(...(await atSize(join(folder, `${size}`), size)));
  }
  say('caches');
  return [...figures, ...(await caches(join(folder, 'caches')))];
}

if (missing !== undefined) process.stderr.write(`runtime: without a real Kubernetes: ${missing}\n`);
const folder = await mkdtemp(join(tmpdir(), 'lamina-bench-'));
try {
  await benchmark('runtime', (say) => measure(folder, say));
} finally {
  await rm(folder, { recursive: true, force: true });
}
