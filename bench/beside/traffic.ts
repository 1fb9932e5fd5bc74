import type { ApiObject } from '../../src/api/object.ts';
import { pathOf } from '../../src/kube/resource.ts';
import { withCallers } from '../support/callers.ts';
import { answerTo, type Wire } from '../support/connect.ts';
import type { Figure } from '../support/figures.ts';
import { LAYERS, largeLayer } from '../support/large-layers.ts';
import { scaled } from '../support/scale.ts';
import { quantile, secondsOf } from '../support/timing.ts';
import { both, note, noSlower, type Sides } from './pair.ts';
import { fill, inTurns, onBoth, usedCpu, type Side } from './side.ts';

const CALLERS = [1, 16, 64];
const ROUNDS = scaled(3, 1);
/** Objects that are read and changed again and again. */
const POPULATION = scaled(500, 100);
const WRITES = scaled(1500, 150);
const READS = scaled(5000, 300);

/** One request, ready to be sent. */
type Request = (wire: Wire) => Promise<unknown>;

/** A kind of request. */
interface Deed {
  readonly what: string;
  readonly count: number;
  /** So many times the speed of the real one is wanted. */
  readonly factor: number;
  /** Request number so and so of all. */
  readonly request: (number: number) => Request;
}

const nameOf = (number: number) => `layer-${number % POPULATION}`;

function statusOf(number: number) {
  const waits = {
    type: 'Ready',
    status: 'False',
    reason: 'Waiting',
    message: `OSLayer not-there does not exist; look ${number}`,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  return { status: { observedGeneration: 1, conditions: [waits] } };
}

/** As `kubectl apply --server-side` and controllers of GitOps do. */
async function apply(wire: Wire, object: ApiObject): Promise<void> {
  const { namespace, name } = object.metadata;
  const path = `${pathOf(LAYERS, namespace, name)}?fieldManager=bench&force=true`;
  const body = Buffer.from(JSON.stringify(object));
  await answerTo(wire, { method: 'PATCH', path, body }, 'application/apply-patch+yaml');
}

const DEEDS: readonly Deed[] = [
  {
    what: 'durable creates',
    count: WRITES,
    factor: 1.5,
    request: (number) => {
      const layer = largeLayer(`new-${number}`, number);
      return ({ client }) => client.create(LAYERS, layer);
    },
  },
  {
    what: 'status patches',
    count: WRITES,
    factor: 1.5,
    request: (number) => {
      const target = { namespace: 'default', name: nameOf(number) };
      const patch = statusOf(number);
      return ({ client }) => client.mergePatch(LAYERS, target, patch, { subresource: 'status' });
    },
  },
  {
    what: 'server-side applies that change an object',
    count: WRITES,
    factor: 1.5,
    request: (number) => {
      const layer = largeLayer(nameOf(number), number);
      return (wire) => apply(wire, layer);
    },
  },
  {
    what: 'gets',
    count: READS,
    factor: 1,
    request:
      (number) =>
      ({ client }) =>
        client.get(LAYERS, 'default', nameOf(number)),
  },
];

interface Speed {
  readonly perSecond: number;
  /** What the programs of the server used of the processors for each request. */
  readonly cpuMs: number;
}

async function burst(side: Side, callers: number, requests: readonly Request[]): Promise<Speed> {
  // Connections that were idle are closed: they are made again before the time runs.
  const greet = (caller: number) => side.wireOf(caller).client.get(LAYERS, 'default', nameOf(0));
  await Promise.all(Array.from({ length: callers }, (_, caller) => greet(caller)));
  const before = usedCpu(side.server);
  const seconds = await secondsOf(() =>
    withCallers(callers, requests, (request, caller) => request(side.wireOf(caller))),
  );
  const { length } = requests;
  return {
    perSecond: length / seconds,
    cpuMs: ((usedCpu(side.server) - before) / length) * 1000,
  };
}

function figureOf(
  { what, factor }: Deed,
  callers: number,
  speeds: Sides<readonly Speed[]>,
): Figure {
  const middle = (of: keyof Speed) =>
    both(speeds, (list) =>
      quantile(
        list.map((speed) => speed[of]),
        0.5,
      ),
    );
  const pair = {
    what: `${what}, ${callers} client${callers === 1 ? '' : 's'}`,
    unit: '/s',
    ...middle('perSecond'),
    notes: [note('ms of processor time each:', middle('cpuMs'))],
  };
  return noSlower(pair, factor);
}

/** Requests a second of every kind, by one client and by many. */
export async function traffic(sides: Sides<Side>): Promise<readonly Figure[]> {
  await onBoth(sides, (side) => fill(side, { first: 0, end: POPULATION }));
  let number = 0;
  const figures: Figure[] = [];
  for (const deed of DEEDS) {
    for (const callers of CALLERS) {
      const first = number;
      number += ROUNDS * deed.count;
      const speeds = await inTurns(sides, ROUNDS, (side, round) => {
        const start = first + round * deed.count;
        const requests = Array.from({ length: deed.count }, (_, i) => deed.request(start + i));
        return burst(side, callers, requests);
      });
      figures.push(figureOf(deed, callers, speeds));
    }
  }
  return figures;
}
