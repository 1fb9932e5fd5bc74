import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { newestVersion } from '../support/connect.ts';
import { atMost, rounded, type Figure } from '../support/figures.ts';
import { LAYERS } from '../support/large-layers.ts';
import { residentMiB } from '../support/process-stats.ts';
import { scaled } from '../support/scale.ts';
import { apiAlone, laminaUp, realKubernetes, type Contender } from './contenders.ts';
import { both, told } from './pair.ts';
import { fill, openSide, type Side } from './side.ts';

const SIZES = scaled([10_000, 50_000], [200, 500]);
/** The size that has a target. */
const PROMISED = scaled(10_000, 200);
const LIMIT_MIB = 150;
const REST_SECONDS = scaled(30, 3);
/** A server that was just started has loaded what it needs for its first answers. */
const SETTLE_MS = scaled(5000, 1000);
const LOOK_MS = 1000;

/** What a contender held at one moment. */
interface Memory {
  readonly objects: number;
  readonly moment: string;
  readonly programs: readonly { readonly name: string; readonly mib: number }[];
}

function look({ server }: Side, objects: number, moment: string): Memory {
  const programs = server.programs.map(({ name, pid }) => ({ name, mib: residentMiB(pid) }));
  return { objects, moment, programs };
}

/** Waits until nothing is written any more: controllers tell of every object what it waits for. */
async function settled(side: Side): Promise<void> {
  let before = await newestVersion(side.wireOf(0), LAYERS);
  for (;;) {
    await delay(LOOK_MS);
    const now = await newestVersion(side.wireOf(0), LAYERS);
    if (now === before) return;
    before = now;
  }
}

async function started(contender: Contender, folder: string): Promise<Side> {
  const side = await openSide(contender, folder);
  await newestVersion(side.wireOf(0), LAYERS);
  await delay(SETTLE_MS);
  return side;
}

async function loaded(contender: Contender, folder: string, range: { first: number; end: number }) {
  await using side = await started(contender, folder);
  const seen = range.first === 0 ? [look(side, 0, 'without objects')] : [];
  await fill(side, range);
  await settled(side);
  seen.push(look(side, range.end, 'right after the load'));
  await delay(REST_SECONDS * 1000);
  seen.push(look(side, range.end, `after ${REST_SECONDS} s at rest`));
  return seen;
}

async function startedAgain(contender: Contender, folder: string, objects: number) {
  await using side = await started(contender, folder);
  return look(side, objects, 'started again');
}

async function life(contender: Contender, folder: string): Promise<readonly Memory[]> {
  const seen: Memory[] = [];
  let first = 0;
  for (const end of SIZES) {
    seen.push(...(await loaded(contender, folder, { first, end })));
    seen.push(await startedAgain(contender, folder, end));
    first = end;
  }
  return seen;
}

function sumOf({ programs }: Memory): number {
  return programs.reduce((sum, { mib }) => sum + mib, 0);
}

function figureOf(name: string, memory: Memory, real: Memory | undefined): Figure {
  const { objects, moment } = memory;
  const size = objects === 0 ? '' : `, ${objects.toLocaleString('en')} objects of 4 KB`;
  const parts = (real?.programs ?? []).map((one) => `${one.name} ${rounded(one.mib)}`);
  const pair = {
    what: `memory of ${name}${size}, ${moment}`,
    unit: 'MiB',
    ...both({ ours: memory, real }, sumOf),
    notes: real === undefined ? [] : [parts.join(', ')],
  };
  return told(pair, objects === PROMISED ? atMost(LIMIT_MIB) : {});
}

/** What the processes hold with no, some and many objects; one contender after the other, each alone. */
export async function memories(folder: string, withReal: boolean): Promise<readonly Figure[]> {
  const real = withReal ? await life(realKubernetes, join(folder, 'memory-real')) : [];
  const figures: Figure[] = [];
  for (const [name, contender] of [
    ['the API alone', apiAlone],
    ['`./lamina up`', laminaUp],
  ] as const) {
    const seen = await life(contender, join(folder, `memory-${contender.name}`));
    figures.push(...seen.map((memory, index) => figureOf(name, memory, real[index])));
  }
  return figures;
}
