/*
 * The embedded API: how soon it serves, how many objects a second it takes, how fast it gives 10,000 of
 * them and how soon many watchers see a change. Once by direct call, as the controllers use it, and
 * once over TLS with client and server in processes of their own.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiObject } from '../src/api/object.ts';
import { openApiServer } from '../src/apiserver/server.ts';
import { systemClock } from '../src/host/clock.ts';
import { silentLog } from '../src/host/log.ts';
import { kubeClient, type KubeClient } from '../src/kube/client.ts';
import { parseKubeconfig } from '../src/kube/kubeconfig.ts';
import { networkTransport } from '../src/kube/network.ts';
import { resourceOf } from '../src/kube/resource.ts';
import { withCallers } from './support/callers.ts';
import { started } from './support/child.ts';
import { below, benchmark, rounded, type Figure } from './support/figures.ts';
import { appLayer } from './support/objects.ts';
import { quantile, repeated, secondsOf } from './support/timing.ts';

const LAYERS = resourceOf('AppLayer');
const SETTINGS = { clock: systemClock, random: Math.random, log: silentLog, version: '0.0.0' };
const LISTEN = { host: '127.0.0.1', port: 0 };
const CALLERS = [1, 16, 64];
const CREATES_PER_RUN = 1500;
const WARM_UP = 500;
const OBJECTS = 10_000;
const WATCHERS = 100;
const CHANGES = 50;
const STARTS = 5;

const UP = join(import.meta.dirname, '../lamina');

const newLayer = () => appLayer(`layer-${randomUUID().slice(0, 18)}`, 'win11');
const newLayers = (length: number) => Array.from({ length }, newLayer);

async function serverStarts(folder: string): Promise<readonly Figure[]> {
  const times = await repeated(STARTS, async (round) => {
    const dataDir = join(folder, `start-${round}`);
    const server = await openApiServer({ dataDir, listen: LISTEN, ...SETTINGS });
    await server.close();
  });
  return [
    { what: 'API alone, new data: opens and closes', value: quantile(times, 0.5), unit: 's' },
  ];
}

async function processStarts(what: string, dataDirs: readonly string[]): Promise<Figure> {
  const times: number[] = [];
  for (const dataDir of dataDirs) {
    const child = await started(UP, ['up', '--data', dataDir]);
    times.push(child.seconds);
    await child.stop();
  }
  const beside = `best of ${STARTS}: ${rounded(Math.min(...times))} s; no peer is built`;
  return { what, value: quantile(times, 0.5), unit: 's', ...below(1), beside };
}

async function creates(client: KubeClient, way: string): Promise<readonly Figure[]> {
  const create = (layer: ApiObject) => client.create(LAYERS, layer);
  await withCallers(16, newLayers(WARM_UP), create);
  const figures: Figure[] = [];
  for (const callers of CALLERS) {
    const layers = newLayers(CREATES_PER_RUN);
    const seconds = await secondsOf(() => withCallers(callers, layers, create));
    const what = `creates, ${callers} caller${callers === 1 ? '' : 's'}, ${way}`;
    figures.push({ what, value: CREATES_PER_RUN / seconds, unit: 'objects/s' });
  }
  return figures;
}

async function lists(client: KubeClient, way: string): Promise<readonly Figure[]> {
  const { items } = await client.list(LAYERS);
  await withCallers(64, newLayers(OBJECTS - items.length), (layer) => client.create(LAYERS, layer));
  const times = await repeated(5, async () => {
    const { length } = (await client.list(LAYERS)).items;
    if (length !== OBJECTS) throw new Error(`${length} objects instead of ${OBJECTS}`);
  });
  return [{ what: `list of 10,000 objects, ${way}`, value: quantile(times, 0.5), unit: 's' }];
}

/** Seconds from the request for a change until the last of all watchers has the event. */
async function watching(client: KubeClient, way: string): Promise<readonly Figure[]> {
  const { metadata } = await client.list(LAYERS);
  const { resourceVersion } = metadata;
  const stop = new AbortController();
  let seen = 0;
  let reached = () => {};
  const watcher = async () => {
    const options = { resourceVersion, signal: stop.signal };
    for await (const { type } of client.watch(LAYERS, options)) {
      if (type === 'BOOKMARK') continue;
      seen += 1;
      if (seen % WATCHERS === 0) reached();
    }
  };
  const watchers = Array.from({ length: WATCHERS }, () => watcher().catch(ended(stop.signal)));
  const times = await repeated(CHANGES, async () => {
    const all = new Promise<void>((resolve) => (reached = resolve));
    await client.create(LAYERS, newLayer());
    await all;
  });
  stop.abort();
  await Promise.all(watchers);
  const of = `${WATCHERS} watchers, ${way}`;
  const worst = Math.round(Math.max(...times) * 1000);
  return [
    {
      what: `from a create until the last has it, ${of}`,
      value: quantile(times, 0.5) * 1000,
      unit: 'ms',
      beside: `worst of ${CHANGES}: ${worst} ms`,
    },
  ];
}

/** The end of a watch that was asked to end. */
function ended(signal: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!signal.aborted) throw error;
  };
}

async function traffic(client: KubeClient, way: string): Promise<readonly Figure[]> {
  return [
    ...(await creates(client, way)),
    ...(await lists(client, way)),
    ...(await watching(client, way)),
  ];
}

async function direct(dataDir: string): Promise<readonly Figure[]> {
  const server = await openApiServer({ dataDir, listen: LISTEN, ...SETTINGS });
  try {
    return await traffic(kubeClient(server.handler), 'direct call');
  } finally {
    await server.close();
  }
}

async function overTls(dataDir: string): Promise<readonly Figure[]> {
  const program = join(import.meta.dirname, 'api-server.ts');
  const server = await started(process.execPath, [program, dataDir]);
  const kubeconfig = await readFile(join(dataDir, 'kubeconfig'), 'utf8');
  const network = networkTransport(parseKubeconfig(kubeconfig));
  try {
    return await traffic(kubeClient(network.send), 'TLS');
  } finally {
    await network.close();
    await server.stop();
  }
}

async function measure(folder: string, say: (line: string) => void): Promise<readonly Figure[]> {
  say(`starts ${STARTS} times`);
  const empty = Array.from({ length: STARTS }, (_, round) => join(folder, `up-${round}`));
  const starts: Figure[] = [
    await processStarts('`./lamina up` until "ready", new data', empty),
    await processStarts('`./lamina up` until "ready", started again', empty),
    ...(await serverStarts(folder)),
  ];
  say('direct call');
  const called = await direct(join(folder, 'direct'));
  say('TLS');
  return [...starts, ...called, ...(await overTls(join(folder, 'tls')))];
}

const folder = await mkdtemp(join(tmpdir(), 'lamina-bench-'));
try {
  await benchmark('api', (say) => measure(folder, say));
} finally {
  await rm(folder, { recursive: true, force: true });
}
