import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startAsked, type Asked } from '../support/asked.ts';
import { withCallers } from '../support/callers.ts';
import { newestVersion } from '../support/connect.ts';
import { sentNow } from '../support/deliveries.ts';
import { below, type Figure } from '../support/figures.ts';
import { LAYERS } from '../support/large-layers.ts';
import { cpuSeconds } from '../support/process-stats.ts';
import { scaled } from '../support/scale.ts';
import { quantile } from '../support/timing.ts';
import type { Answers } from '../watchers.ts';
import { both, noMore, noSlower, note, told, type Sides } from './pair.ts';
import { inTurns, usedCpu, type Side } from './side.ts';

const PROGRAM = join(import.meta.dirname, '../watchers.ts');
const WATCHERS = scaled(100, 20);
const ROUNDS = scaled(2, 1);
const WRITES_PER_SECOND = 20;
const STEADY_WRITES = WRITES_PER_SECOND * scaled(10, 2);
const FLOOD_WRITES = scaled(1000, 50);
const FLOOD_CALLERS = 16;
const LIMIT_MS = 50;

/** Many writes at once. */
interface Flood {
  readonly perSecond: number;
  /** What the server used of the processors for a thousand deliveries. */
  readonly cpuMs: number;
  /** The part of the time in which the watchers were at work: near 1, they are what limits. */
  readonly watchersBusy: number;
}

function write(side: Side, number: number, caller = 0): Promise<unknown> {
  const target = { namespace: 'default', name: `layer-${number}` };
  return side.wireOf(caller).client.mergePatch(LAYERS, target, sentNow());
}

/** At a pace of its own: a server that is slow does not slow down who writes. */
async function steadyWrites(side: Side): Promise<void> {
  const start = performance.now();
  const writes: Promise<unknown>[] = [];
  for (let number = 0; number < STEADY_WRITES; number += 1) {
    await delay(Math.max(0, start + (number * 1000) / WRITES_PER_SECOND - performance.now()));
    writes.push(write(side, number));
  }
  await Promise.all(writes);
}

async function steady(side: Side, watchers: Asked<Answers>): Promise<readonly number[]> {
  await watchers.ask('look');
  await steadyWrites(side);
  return (await watchers.ask('reached', STEADY_WRITES * WATCHERS)).latenciesMs;
}

async function flood(side: Side, watchers: Asked<Answers>): Promise<Flood> {
  await watchers.ask('look');
  const events = FLOOD_WRITES * WATCHERS;
  const [serverBefore, watchersBefore] = [usedCpu(side.server), cpuSeconds(watchers.pid)];
  const begun = process.hrtime.bigint();
  const numbers = Array.from({ length: FLOOD_WRITES }, (_, i) => i % STEADY_WRITES);
  await withCallers(FLOOD_CALLERS, numbers, (number, caller) => write(side, number, caller));
  const { lastAt } = await watchers.ask('reached', events);
  const seconds = Number(lastAt - begun) / 1e9;
  return {
    perSecond: events / seconds,
    cpuMs: ((usedCpu(side.server) - serverBefore) / events) * 1e6,
    watchersBusy: (cpuSeconds(watchers.pid) - watchersBefore) / seconds,
  };
}

async function delivered(side: Side) {
  const args = [side.server.kubeconfig, `${WATCHERS}`];
  await using watchers = await startAsked<Answers>(PROGRAM, args);
  await watchers.ask('watch', await newestVersion(side.wireOf(0), LAYERS));
  const latenciesMs = await steady(side, watchers);
  return { latenciesMs, flooded: await flood(side, watchers) };
}

/** Events to many watchers: how soon while somebody writes now and then, and how many when many write. */
export async function fanOut(sides: Sides<Side>): Promise<readonly Figure[]> {
  const rounds = await inTurns(sides, ROUNDS, delivered);
  const latency = (share: number) =>
    both(rounds, (all) =>
      quantile(
        all.flatMap(({ latenciesMs }) => latenciesMs),
        share,
      ),
    );
  const middle = (of: keyof Flood) =>
    both(rounds, (all) =>
      quantile(
        all.map(({ flooded }) => flooded[of]),
        0.5,
      ),
    );
  const at = `${WATCHERS} watchers, ${WRITES_PER_SECOND} writes a second`;
  const p99 = { what: `delivery, ${at}: 99th percentile`, unit: 'ms', ...latency(0.99) };
  const many = {
    what: `deliveries to ${WATCHERS} watchers, ${FLOOD_CALLERS} clients writing`,
    unit: 'events/s',
    ...middle('perSecond'),
    notes: [
      note('ms of processor time for 1,000:', middle('cpuMs')),
      note('part of the time that the watchers worked:', middle('watchersBusy')),
    ],
  };
  return [
    noMore({ what: `delivery, ${at}: median`, unit: 'ms', ...latency(0.5) }),
    told(p99, below(LIMIT_MS)),
    noSlower(many, 1),
  ];
}
