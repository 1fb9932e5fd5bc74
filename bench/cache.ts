/*
 * Our cache and what feeds it, alone in a process: `bench/beside/caches.ts` starts it with a kubeconfig.
 */
import { systemClock } from '../src/host/clock.ts';
import { silentLog } from '../src/host/log.ts';
import { noMetrics } from '../src/host/metrics.ts';
import { createCache } from '../src/kube/cache.ts';
import { startReflector } from '../src/kube/reflector.ts';
import { follow } from './support/applied.ts';
import { connect } from './support/connect.ts';
import { LAYERS } from './support/large-layers.ts';

const { client } = await connect(process.argv[2] ?? '');

follow((changed) => {
  const cache = createCache(systemClock, silentLog);
  cache.onChange(changed);
  const common = { clock: systemClock, random: Math.random, log: silentLog, metrics: noMetrics };
  return {
    sync: () => {
      startReflector({ client, resource: LAYERS, cache, ...common });
      return cache.synced();
    },
    size: () => cache.list().length,
  };
});
