import { openApiServer } from '../../src/apiserver/server.ts';
import { systemClock } from '../../src/host/clock.ts';
import { silentLog } from '../../src/host/log.ts';
import { kubeClient, type KubeClient } from '../../src/kube/client.ts';
import { withCallers } from './callers.ts';
import type { Figure } from './figures.ts';
import { LAYERS, largeLayers } from './large-layers.ts';
import { scaled } from './scale.ts';
import { quantile, repeated, secondsOf } from './timing.ts';

const CALLERS = [1, 16, 64];
const WARM_UP = scaled(500, 50);
const CREATES = scaled(1500, 150);
const OBJECTS = scaled(10_000, 1000);
const ROUNDS = 5;
const SETTINGS = { clock: systemClock, random: Math.random, log: silentLog, version: '0.0.0' };

async function traffic(client: KubeClient): Promise<readonly Figure[]> {
  let made = 0;
  const create = async (callers: number, count: number) => {
    const layers = [...largeLayers(made, made + count)];
    made += count;
    return secondsOf(() => withCallers(callers, layers, (layer) => client.create(LAYERS, layer)));
  };
  await create(16, WARM_UP);
  const figures: Figure[] = [];
  for (const callers of CALLERS) {
    const value = CREATES / (await create(callers, CREATES));
    const who = `${callers} caller${callers === 1 ? '' : 's'}`;
    figures.push({ what: `durable creates, ${who}, direct call`, value, unit: '/s' });
  }
  await create(64, OBJECTS - made);
  const times = await repeated(ROUNDS, () => client.list(LAYERS));
  const what = `list of ${OBJECTS.toLocaleString('en')}, pages of 200, parsed, direct call`;
  return [...figures, { what, value: quantile(times, 0.5), unit: 's' }];
}

/** The embedded API as controllers of the same process call it: no network, no TLS, one thread. */
export async function directCalls(dataDir: string): Promise<readonly Figure[]> {
  const listen = { host: '127.0.0.1', port: 0 };
  const server = await openApiServer({ dataDir, listen, ...SETTINGS });
  try {
    return await traffic(kubeClient(server.handler));
  } finally {
    await server.close();
  }
}
