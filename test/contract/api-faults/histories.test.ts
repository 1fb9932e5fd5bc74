import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Random } from '../../../src/core/clock.ts';
import { isFailure } from '../../../src/core/failure.ts';
import { kubeClient, type KubeClient } from '../../../src/kube/client.ts';
import { CONFIGMAPS, NAMESPACES } from '../../../src/kube/resource.ts';
import { servedApi } from '../../support/cli.ts';
import { eventually } from '../../support/eventually.ts';
import { statusOf } from '../../support/exchange.ts';
import { seeded } from '../../support/random.ts';
import { afterAll, beforeAll, expect, it } from '../../support/runner.ts';
import { runs, SEED } from '../../support/soak.ts';
import { Mirror, type TextMap } from './mirror.ts';
import { Place } from './place.ts';
import { ANSWERED_LISTS } from './requests.ts';
import type { Row, Scene } from './row.ts';
import { BREAKS } from './streams.ts';
import { SwiftClock } from './swift-clock.ts';
import { ANSWERS } from './verdicts.ts';

const HISTORIES = runs(1000);
const HOMES = ['one', 'two', 'three'];
const NAMES = ['a', 'b', 'c', 'd'];
const WRITERS = 3;
const LONGEST = 20;
const MOST_FAULTS = 4;
/** Turns between two writes, and between two faults: these come until the last write, and after it. */
const BETWEEN_WRITES = 20;
const BETWEEN_FAULTS = 200;

/** What was sent once is sent again. */
const TIME_TRAVELS: readonly Row<Scene>[] = [
  {
    why: 'all events once more after the watch broke',
    strike: ({ proxy, watch }) => {
      const past = proxy.of('watch').flatMap(({ lines }) => lines.map((line) => `${line}\n`));
      proxy.next('watch', (exchange) => exchange.pass(past.join('')));
      watch.reset();
    },
    costs: {},
  },
  {
    why: 'the first list once more after the watch expired',
    strike: ({ proxy, watch }) => {
      const [past = ''] = proxy.of('list').flatMap(({ lines }) => lines);
      proxy.next('list', (exchange) => exchange.answer(200, past));
      watch.event('ERROR', statusOf(410, 'Expired'));
    },
    costs: {},
  },
];

const FAULTS: readonly Row<Scene>[] = [...BREAKS, ...ANSWERS, ...ANSWERED_LISTS];

let api: Awaited<ReturnType<typeof servedApi>>;
let place: Place;
let direct: KubeClient;

beforeAll(async () => {
  api = await servedApi();
  place = await Place.open(api.server.kubeconfigPath, new SwiftClock());
  // Writers are not held up by the network, so that their changes come thick and fast.
  direct = kubeClient(api.server.handler);
  for (const name of HOMES) {
    await direct.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
});

afterAll(async () => {
  await place[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

function pick<Item>(items: readonly Item[], random: Random): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new TypeError('nothing to pick from');
  return item;
}

async function pause(random: Random, longest: number): Promise<void> {
  const turns = Math.floor(random() * longest);
  for (let turn = 0; turn < turns; turn += 1) await nextTurn();
}

async function change(random: Random, text: string): Promise<unknown> {
  const metadata = { namespace: pick(HOMES, random), name: pick(NAMES, random) };
  const map: TextMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { text } };
  const dice = random();
  if (dice < 0.3) return direct.create(CONFIGMAPS, map);
  if (dice < 0.6) return direct.mergePatch(CONFIGMAPS, metadata, { data: { text } });
  await direct.remove(CONFIGMAPS, metadata);
  return dice < 0.8 ? undefined : direct.create(CONFIGMAPS, map);
}

async function write(random: Random, id: number): Promise<void> {
  const count = 1 + Math.floor(random() * LONGEST);
  for (let round = 0; round < count; round += 1) {
    await pause(random, BETWEEN_WRITES);
    try {
      await change(random, `Größe 🗜 ${id}-${round}`);
    } catch (error) {
      // A name that is taken or missing is part of life.
      if (!isFailure(error)) throw error;
    }
  }
}

/** Waits for an open watch and hurts it, again and again. Returns what stays to be done afterwards. */
async function strike(random: Random, scene: Scene): Promise<readonly Row<Scene>[]> {
  const faults = Array.from({ length: 1 + Math.floor(random() * MOST_FAULTS) }, () =>
    pick(random() < 0.2 ? TIME_TRAVELS : FAULTS, random),
  );
  for (const fault of faults) {
    await pause(random, BETWEEN_FAULTS);
    await eventually(() => isWatching(scene), `a watch to be hurt by ${fault.why}`);
    await fault.strike?.(scene);
  }
  return faults;
}

function isWatching({ proxy }: Pick<Scene, 'proxy'>): boolean {
  return proxy.of('watch').at(-1)?.isRunning === true;
}

function sceneOf(clock: SwiftClock): Scene {
  const { proxy } = place;
  return {
    proxy,
    clock,
    expireToken: () => place.expireToken(),
    handOutToken: () => place.handOutToken(),
    get watch() {
      const last = proxy.of('watch').at(-1);
      if (last === undefined) throw new Error('nobody watches');
      return last;
    },
  };
}

/** Plays the history of a seed. Returns what does not fit. */
async function play(seed: number): Promise<readonly string[]> {
  const random = seeded(seed);
  const clock = new SwiftClock();
  const scene = sceneOf(clock);
  const mirror = new Mirror(place.client, clock, {});
  try {
    const writers = Array.from({ length: WRITERS }, (_, id) => write(seeded(seed + id), id));
    const [faults] = await Promise.all([strike(random, scene), ...writers]);
    for (const { after } of faults) await after?.(scene);
    const { items } = await direct.list<TextMap>(CONFIGMAPS);
    const isSame = () => mirror.differences(items).length === 0;
    await eventually(isSame, 'the mirror').catch(() => undefined);
    const problems = [...mirror.differences(items), ...mirror.backwards];
    return problems.length === 0 ? [] : [...faults.map(({ why }) => why), ...problems];
  } finally {
    await mirror.stop();
    place.proxy.forget();
    for (const { metadata } of (await direct.list(CONFIGMAPS)).items) {
      await direct.remove(CONFIGMAPS, metadata);
    }
  }
}

it(`ends with what the server has, in ${HISTORIES} histories of writes and faults`, async () => {
  for (let seed = SEED; seed < SEED + HISTORIES; seed += 1) {
    expect({ seed, problems: await play(seed) }).toEqual({ seed, problems: [] });
  }
});
