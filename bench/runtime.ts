/*
 * The controllers: 1,000 layers whose versions are all in the store, from creation to Ready, and how
 * soon a version starts when what it waits for is ready. The API with its database on disk, the runtime
 * and the reconcilers are real; store, platform and jobs only remember, so no build is measured.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ApiObject } from '../src/api/object.ts';
import type { ApiRequest } from '../src/core/transport.ts';
import { resourceOf } from '../src/kube/resource.ts';
import type { LayerVersion } from '../src/reconcilers/objects.ts';
import { allReady } from './support/arrival.ts';
import { withCallers } from './support/callers.ts';
import { atMost, below, benchmark, type Figure } from './support/figures.ts';
import { startInstallation, type Installation } from './support/installation.ts';
import { appLayer, CONNECTOR, osLayer } from './support/objects.ts';
import { quantile, secondsOf } from './support/timing.ts';

const LAYERS = 1000;
const OS_LAYERS = 10;
const CALLERS = 16;
const REST_MS = 5000;
const CHAINS = 20;
const LIMIT_MS = 300_000;

/** Layers of this name are not in the store. */
const UNBUILT = 'unbuilt';

function layers(): readonly ApiObject[] {
  const systems = Array.from({ length: OS_LAYERS }, (_, i) => osLayer(`os-${i}`));
  const apps = Array.from({ length: LAYERS - OS_LAYERS }, (_, i) =>
    appLayer(`app-${i}`, `os-${i % OS_LAYERS}`),
  );
  return [...systems, ...apps];
}

const namesOf = (objects: readonly ApiObject[], kind: string) =>
  new Set(objects.filter((item) => item.kind === kind).map(({ metadata }) => metadata.name));

function create({ client }: Installation, object: ApiObject): Promise<ApiObject> {
  return client.create(resourceOf(object.kind), object);
}

async function bringUp(system: Installation): Promise<readonly Figure[]> {
  const objects = layers();
  const { client, writes } = system;
  const seconds = await secondsOf(async () => {
    const arrivals = ['OSLayer', 'AppLayer'].map((kind) =>
      allReady(client, kind, namesOf(objects, kind), LIMIT_MS),
    );
    await withCallers(CALLERS, objects, (object) => create(system, object));
    await Promise.all(arrivals);
  });
  // What trails behind the last Ready counts too.
  await delay(1000);
  const total = writes.length;
  const { length: versions } = (await client.list(resourceOf('LayerVersion'))).items;
  await delay(REST_MS);
  return [
    { what: '1,000 layers from creation to Ready', value: seconds, unit: 's', ...atMost(60) },
    ...perObject(writes.slice(0, total), objects.length, versions),
    { what: 'API writes at rest, 5 s', value: writes.length - total, unit: '', ...atMost(0) },
  ];
}

/** Who needs no build gets one write for the hold on it and one for its status. Events are told apart. */
function perObject(
  writes: readonly ApiRequest[],
  layerCount: number,
  versionCount: number,
): readonly Figure[] {
  const count = (path: RegExp) => writes.filter((write) => path.test(write.path)).length;
  const events = count(/\/events$/);
  const [onLayers, onVersions] = [count(/\/(app|os)layers/), count(/\/layerversions/)];
  const objects = layerCount + versionCount;
  return [
    {
      what: 'API writes per object that needs no build',
      value: (writes.length - events) / objects,
      unit: '',
      ...atMost(2),
      beside: `${onLayers} on ${layerCount} layers, ${onVersions} on ${versionCount} versions`,
    },
    { what: 'Events per object, beside those writes', value: events / objects, unit: '' },
  ];
}

/** Seconds from the moment an OS version is seen Ready until a job of its application starts. */
async function chain(system: Installation, index: number): Promise<number> {
  const { client, outside } = system;
  const os = `${UNBUILT}-os-${index}`;
  const app = appLayer(`${UNBUILT}-app-${index}`, os);
  const started = new Promise<number>((resolve) => {
    outside.meddle = (effect) => {
      if (effect === 'before start compose') resolve(performance.now());
    };
  });
  const { metadata } = await client.list(resourceOf('LayerVersion'));
  await create(system, app);
  const ready = osReady(system, os, metadata.resourceVersion);
  await create(system, osLayer(os));
  const [at, start] = await Promise.all([ready, started]);
  await allReady(client, 'AppLayer', new Set([app.metadata.name]), LIMIT_MS);
  return Math.max(0, start - at) / 1000;
}

async function osReady({ client }: Installation, layer: string, from = ''): Promise<number> {
  const options = { resourceVersion: from, signal: AbortSignal.timeout(LIMIT_MS) };
  const events = client.watch<LayerVersion>(resourceOf('LayerVersion'), options);
  for await (const { type, object } of events) {
    if (type === 'BOOKMARK' || object.spec.layer !== layer) continue;
    const { conditions = [] } = object.status ?? {};
    if (conditions.some((item) => item.type === 'Ready' && item.status === 'True')) {
      return performance.now();
    }
  }
  throw new Error('the watch ended');
}

async function wakeUps(system: Installation): Promise<readonly Figure[]> {
  const times: number[] = [];
  for (let index = 0; index < CHAINS; index += 1) times.push(await chain(system, index));
  return [
    {
      what: 'input Ready until its dependant starts, worst of 20',
      value: Math.max(...times),
      unit: 's',
      ...below(1),
      beside: `median ${(quantile(times, 0.5) * 1000).toFixed(1)} ms, among 2,000 objects`,
    },
  ];
}

async function measure(folder: string, say: (line: string) => void): Promise<readonly Figure[]> {
  const isStored = (repository: string) => !repository.includes(UNBUILT);
  const system = await startInstallation(join(folder, 'api.db'), isStored);
  try {
    await create(system, CONNECTOR);
    await allReady(system.client, 'ConnectorConfig', new Set(['here']), LIMIT_MS);
    say(`${LAYERS} layers`);
    const up = await bringUp(system);
    say('dependants');
    return [...up, ...(await wakeUps(system))];
  } finally {
    await system.stop();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'lamina-bench-'));
try {
  await benchmark('runtime', (say) => measure(folder, say));
} finally {
  await rm(folder, { recursive: true, force: true });
}
