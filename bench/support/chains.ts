import { resourceOf } from '../../src/kube/resource.ts';
import type { LayerVersion } from '../../src/reconcilers/objects.ts';
import { allReady } from './arrival.ts';
import { UNBUILT, type Installation } from './installation.ts';
import { appLayer, osLayer } from './objects.ts';

const CHAINS = 20;
const LIMIT_MS = 60_000;

/** Seconds from the moment an OS version is seen Ready until a job of its application starts. */
async function chain({ client, outside }: Installation, index: number): Promise<number> {
  const os = `${UNBUILT}-os-${index}`;
  const app = appLayer(`${UNBUILT}-app-${index}`, os);
  let isImported = false;
  const started = new Promise<number>((resolve) => {
    outside.meddle = (effect) => {
      if (effect === 'before start import') isImported = true;
      if (isImported && effect === 'before start compose') resolve(performance.now());
    };
  });
  const { metadata } = await client.list(resourceOf('LayerVersion'));
  await client.create(resourceOf('AppLayer'), app);
  const ready = firstReady(client, os, metadata.resourceVersion);
  await client.create(resourceOf('OSLayer'), osLayer(os));
  const [at, start] = await Promise.all([ready, started]);
  await allReady(client, 'AppLayer', new Set([app.metadata.name]), LIMIT_MS);
  return Math.max(0, start - at) / 1000;
}

async function firstReady(
  client: Installation['client'],
  layer: string,
  resourceVersion = '',
): Promise<number> {
  const options = { resourceVersion, signal: AbortSignal.timeout(LIMIT_MS) };
  for await (const { type, object } of client.watch<LayerVersion>(
    resourceOf('LayerVersion'),
    options,
  )) {
    if (type === 'BOOKMARK' || object.spec.layer !== layer) continue;
    const { conditions = [] } = object.status ?? {};
    if (conditions.some((item) => item.type === 'Ready' && item.status === 'True')) {
      return performance.now();
    }
  }
  throw new Error('the watch ended');
}

/** How long dependants take to start, each after the one before. */
export async function chains(system: Installation): Promise<readonly number[]> {
  const times: number[] = [];
  for (let index = 0; index < CHAINS; index += 1) times.push(await chain(system, index));
  return times;
}
