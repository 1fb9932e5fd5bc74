import { pathOf } from '../../src/kube/resource.ts';
import { answerTo, type Wire } from '../support/connect.ts';
import type { Figure } from '../support/figures.ts';
import { LAYERS } from '../support/large-layers.ts';
import { forgetPeak, peakMiB, residentMiB } from '../support/process-stats.ts';
import { scaled } from '../support/scale.ts';
import { quantile } from '../support/timing.ts';
import { both, noMore, note, told, type Sides } from './pair.ts';
import { inTurns, usedCpu, type Side } from './side.ts';

const ROUNDS = scaled(5, 2);
const PAGE = scaled(500, 50);

/** One list, to its end. */
interface Listed {
  /** Until all bytes were there. */
  readonly seconds: number;
  /** What it took to parse them besides. */
  readonly parseSeconds: number;
  readonly mib: number;
  /** The most that the programs of the server held meanwhile, and how much more that is than before. */
  readonly peakMiB: number;
  readonly grownMiB: number;
  /** What the programs of the server used of the processors. */
  readonly cpuMs: number;
}

interface Page {
  readonly metadata: { readonly continue?: string };
  readonly items: readonly unknown[];
}

function pathOfPage(limit: number | undefined, token: string): string {
  const search = new URLSearchParams({
    ...(limit === undefined ? {} : { limit: `${limit}` }),
    ...(token === '' ? {} : { continue: token }),
  });
  return `${pathOf(LAYERS, 'default')}?${search.toString()}`;
}

/** Reads a list to its end, and counts. */
async function readAll(wire: Wire, limit: number | undefined) {
  const sum = { readMs: 0, parseMs: 0, bytes: 0, items: 0 };
  let token: string | undefined = '';
  do {
    const start = performance.now();
    const body = await answerTo(wire, { method: 'GET', path: pathOfPage(limit, token) });
    const there = performance.now();
    const page = JSON.parse(body.toString()) as Page;
    sum.parseMs += performance.now() - there;
    sum.readMs += there - start;
    sum.bytes += body.length;
    sum.items += page.items.length;
    token = page.metadata.continue;
  } while (token !== undefined && token !== '');
  return sum;
}

async function listed(side: Side, objects: number, limit: number | undefined): Promise<Listed> {
  const { programs } = side.server;
  const total = (of: (pid: number) => number) =>
    programs.reduce((all, one) => all + of(one.pid), 0);
  const before = total(residentMiB);
  for (const { pid } of programs) forgetPeak(pid);
  const cpuBefore = usedCpu(side.server);
  const { readMs, parseMs, bytes, items } = await readAll(side.wireOf(0), limit);
  if (items !== objects) throw new Error(`${items} objects instead of ${objects}`);
  const peak = total(peakMiB);
  return {
    seconds: readMs / 1000,
    parseSeconds: parseMs / 1000,
    mib: bytes / 2 ** 20,
    peakMiB: peak,
    grownMiB: peak - before,
    cpuMs: (usedCpu(side.server) - cpuBefore) * 1000,
  };
}

const most = (lists: readonly Listed[], of: keyof Listed) =>
  Math.max(...lists.map((one) => one[of]));

function figuresOf(what: string, lists: Sides<readonly Listed[]>): readonly Figure[] {
  const middle = (of: (one: Listed) => number) => both(lists, (all) => quantile(all.map(of), 0.5));
  const peak = both(lists, (all) => most(all, 'peakMiB'));
  const grown = both(lists, (all) => most(all, 'grownMiB'));
  return [
    noMore({
      what: `${what}: until the bytes are there`,
      unit: 's',
      ...middle(({ seconds }) => seconds),
      notes: [
        note(
          'ms of processor time:',
          middle(({ cpuMs }) => cpuMs),
        ),
      ],
    }),
    noMore({
      what: `${what}: until parsed`,
      unit: 's',
      ...middle(({ seconds, parseSeconds }) => seconds + parseSeconds),
    }),
    told({ what: `${what}: bytes`, unit: 'MiB', ...middle(({ mib }) => mib) }),
    noMore({
      what: `${what}: peak of the server's memory`,
      unit: 'MiB',
      ...peak,
      notes: [note('grown by at most', grown)],
    }),
  ];
}

/** All objects of a kind, in one answer and in pages; there must be so many. */
export async function lists(sides: Sides<Side>, objects: number): Promise<readonly Figure[]> {
  const many = objects.toLocaleString('en');
  const whole = await inTurns(sides, ROUNDS, (side) => listed(side, objects, undefined));
  const paged = await inTurns(sides, ROUNDS, (side) => listed(side, objects, PAGE));
  return [
    ...figuresOf(`list of ${many}, whole`, whole),
    ...figuresOf(`list of ${many}, in pages of ${PAGE}`, paged),
  ];
}
