import { join } from 'node:path';
import type { Answers } from '../support/applied.ts';
import { startAsked } from '../support/asked.ts';
import { withCallers } from '../support/callers.ts';
import { atMost, type Figure } from '../support/figures.ts';
import { LAYERS } from '../support/large-layers.ts';
import { cpuSeconds } from '../support/process-stats.ts';
import { scaled } from '../support/scale.ts';
import { quantile } from '../support/timing.ts';
import { apiAlone } from './contenders.ts';
import { both, noMore, note, noSlower, told, type Pair } from './pair.ts';
import { fill, openSide, type Side } from './side.ts';

const OBJECTS = scaled(10_000, 300);
const ROUNDS = scaled(3, 1);
const CALLERS = 16;
const LIMIT_MIB = 150;
const PEER = 'client-node';

/** What one process needed. */
interface Followed {
  readonly syncSeconds: number;
  /** Before anything was in it: Node and the modules. */
  readonly emptyMiB: number;
  readonly mib: number;
  readonly heapMiB: number;
  readonly perSecond: number;
  /** Processor time of the process for a thousand changes. */
  readonly cpuMs: number;
}

async function changeAll(side: Side, mark: string): Promise<void> {
  const numbers = Array.from({ length: OBJECTS }, (_, i) => i);
  await withCallers(CALLERS, numbers, (number, caller) => {
    const target = { namespace: 'default', name: `layer-${number}` };
    const patch = { spec: { displayName: `Application ${number}, ${mark}` } };
    return side.wireOf(caller).client.mergePatch(LAYERS, target, patch);
  });
}

async function followed(side: Side, program: string, mark: string): Promise<Followed> {
  const file = join(import.meta.dirname, '..', program);
  await using process = await startAsked<Answers>(file, [side.server.kubeconfig]);
  const empty = await process.ask('memory');
  const syncSeconds = await process.ask('sync');
  const size = await process.ask('size');
  if (size !== OBJECTS) throw new Error(`${program} holds ${size} of ${OBJECTS} objects`);
  const { rssBytes, heapBytes } = await process.ask('memory');
  await process.ask('look');
  // What is written while it stands still comes at once when it goes on, so that writers limit nothing.
  process.signal('SIGSTOP');
  const before = cpuSeconds(process.pid);
  try {
    await changeAll(side, mark);
  } finally {
    process.signal('SIGCONT');
  }
  const perSecond = await process.ask('perSecond', OBJECTS);
  const cpuMs = ((cpuSeconds(process.pid) - before) / OBJECTS) * 1e6;
  const mib = (bytes: number) => bytes / 2 ** 20;
  return {
    syncSeconds,
    emptyMiB: mib(empty.rssBytes),
    mib: mib(rssBytes),
    heapMiB: mib(heapBytes),
    perSecond,
    cpuMs,
  };
}

function figuresOf(ours: readonly Followed[], real: readonly Followed[]): readonly Figure[] {
  const middle = (of: keyof Followed) => ({
    ...both({ ours, real }, (all) =>
      quantile(
        all.map((one) => one[of]),
        0.5,
      ),
    ),
    peer: PEER,
  });
  const size = OBJECTS.toLocaleString('en');
  const pair = (what: string, unit: string, of: keyof Followed): Pair => ({
    what: `cache of ${size} objects of 4 KB: ${what}`,
    unit,
    ...middle(of),
  });
  const memory = pair('memory', 'MiB', 'mib');
  const changes = pair('changes taken', '/s', 'perSecond');
  return [
    noMore(pair('until all are in it', 's', 'syncSeconds')),
    told({ ...memory, notes: [note('empty', middle('emptyMiB'))] }, atMost(LIMIT_MIB)),
    noMore(pair('JavaScript objects', 'MiB', 'heapMiB')),
    noSlower({ ...changes, notes: [note('ms of processor time for 1,000:', middle('cpuMs'))] }, 1),
  ];
}

/** Our cache beside the informer of the JavaScript client, each in a process of its own, on the embedded API. */
export async function caches(folder: string): Promise<readonly Figure[]> {
  await using side = await openSide(apiAlone, folder);
  await fill(side, { first: 0, end: OBJECTS });
  const [ours, theirs]: [Followed[], Followed[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await followed(side, 'cache.ts', `cache ${round}`));
    theirs.push(await followed(side, 'informer.ts', `informer ${round}`));
  }
  return figuresOf(ours, theirs);
}
