/*
 * The embedded API beside a real Kubernetes: how soon it serves, what it holds in memory, what it takes and gives a
 * second, and how soon many watchers see a change. Both are asked over TLS by the same client, their data lie on the
 * same disk, and both sync every write. Last comes a direct call, as the controllers use it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judgeMissing } from '../test/support/judge.ts';
import { apiAlone, realKubernetes } from './beside/contenders.ts';
import { fanOut } from './beside/fan-out.ts';
import { kubectlGets } from './beside/kubectl-get.ts';
import { lists } from './beside/lists.ts';
import { memories } from './beside/memory.ts';
import type { Sides } from './beside/pair.ts';
import { fill, onBoth, openSide, type Side } from './beside/side.ts';
import { starts } from './beside/starts.ts';
import { traffic } from './beside/traffic.ts';
import { directCalls } from './support/direct.ts';
import { benchmark, type Figure } from './support/figures.ts';
import { scaled } from './support/scale.ts';

const OBJECTS = scaled(10_000, 500);

interface Run {
  readonly folder: string;
  readonly withReal: boolean;
  readonly say: (line: string) => void;
}

type Measure = (sides: Sides<Side>) => Promise<readonly Figure[]>;

/** Measures on two servers with new data that run at the same time. */
async function onNewData({ folder, withReal }: Run, name: string, measure: Measure) {
  await using ours = await openSide(apiAlone, join(folder, `${name}-embedded`));
  if (!withReal) return await measure({ ours, real: undefined });
  await using real = await openSide(realKubernetes, join(folder, `${name}-real`));
  return await measure({ ours, real });
}

async function amongMany(sides: Sides<Side>, say: Run['say']): Promise<readonly Figure[]> {
  await onBoth(sides, (side) => fill(side, { first: 0, end: OBJECTS }));
  say('lists');
  const figures = [...(await lists(sides, OBJECTS))];
  say('kubectl');
  figures.push(...(await kubectlGets(sides, OBJECTS)));
  say('fan-out');
  return [...figures, ...(await fanOut(sides))];
}

async function measure(run: Run): Promise<readonly Figure[]> {
  const { folder, withReal, say } = run;
  say('starts');
  const figures = [...(await starts(folder, withReal))];
  say('requests');
  figures.push(...(await onNewData(run, 'requests', traffic)));
  say(`${OBJECTS} objects`);
  figures.push(...(await onNewData(run, 'many', (sides) => amongMany(sides, say))));
  say('memory');
  figures.push(...(await memories(folder, withReal)));
  say('direct calls');
  return [...figures, ...(await directCalls(join(folder, 'direct')))];
}

const missing = judgeMissing();
if (missing !== undefined) process.stderr.write(`api: without a real Kubernetes: ${missing}\n`);
const folder = await mkdtemp(join(tmpdir(), 'lamina-bench-'));
try {
  const withReal = missing === undefined;
  await benchmark('api', (say) => measure({ folder, withReal, say }));
} finally {
  await rm(folder, { recursive: true, force: true });
}
