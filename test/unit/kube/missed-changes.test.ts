import type { ApiObject, CommonStatus } from '../../../src/api/object.ts';
import type { Clock } from '../../../src/core/clock.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { silentLog } from '../../../src/host/log.ts';
import { createCache } from '../../../src/kube/cache.ts';
import { kubeClient } from '../../../src/kube/client.ts';
import { startController, type Caches, type Controller } from '../../../src/kube/controller.ts';
import { noMetrics, type Metrics } from '../../../src/host/metrics.ts';
import type { Plan, Reconciler } from '../../../src/kube/reconciler.ts';
import { resourceOf } from '../../../src/kube/resource.ts';
import { ApiDouble } from '../../support/api-double.ts';
import { eventually, idle } from '../../support/eventually.ts';
import { afterEach, describe, expect, it } from '../../support/runner.ts';

/* The cache is fed by hand here, so that a change comes at exactly the worst instant. */

type Item = ApiObject<{ size?: number }, CommonStatus>;

const RESOURCE = resourceOf('LayerVersion');
const TARGET = { namespace: 'n', name: 'a' };

const settled: Plan<string, CommonStatus> = {
  verdict: 'settled',
  reason: 'Deployable',
  message: 'done',
  status: {},
  conditions: [],
};

function item(size: number): Item {
  return {
    apiVersion: 'lamina.dev/v1alpha1',
    kind: 'LayerVersion',
    metadata: TARGET,
    spec: { size },
  };
}

/** Waiting for our own writes is over at once; everything else takes its time. */
const clock: Clock = {
  now: () => systemClock.now(),
  elapsed: () => systemClock.elapsed(),
  sleep: (delayMs, signal) => systemClock.sleep(delayMs === 5000 ? 0 : delayMs, signal),
};

const running: Controller[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((controller) => controller.stop()));
});

function scene(api: ApiDouble, metrics: Metrics = noMetrics) {
  const client = kubeClient(api.transport);
  const cache = createCache<Item>(clock, silentLog);
  const sizes: (number | undefined)[] = [];
  const reconciler: Reconciler<{ size?: number }, CommonStatus, unknown, string> = {
    observe: ({ spec }) => {
      sizes.push(spec.size);
      return Promise.resolve();
    },
    plan: () => settled,
    act: () => Promise.resolve(),
  };
  const caches: Caches = { of: () => cache as never };
  const controller = startController({
    name: 'test',
    resource: RESOURCE,
    reconciler,
    watches: [],
    workers: 1,
    client,
    caches,
    clock,
    random: () => 0.5,
    log: silentLog,
    metrics,
  });
  running.push(controller);
  return { cache, client, sizes };
}

describe('a change that comes while a pass ends', () => {
  it('is not lost between the last look of the pass and its end', async () => {
    const api = new ApiDouble();
    let late: Item | undefined;
    // Somebody edits as soon as the pass has written its status,
    api.after = async ({ path }) => {
      if (!path.endsWith('/status') || late !== undefined) return;
      late = await client.mergePatch<Item>(RESOURCE, TARGET, { spec: { size: 2 } });
    };
    // and that is heard when the pass is over and its key is about to be given back.
    const metrics: Metrics = {
      ...noMetrics,
      observe: (name) => {
        const isEnd = name === 'controller_runtime_reconcile_time_seconds';
        if (isEnd && late !== undefined) cache.upsert(late);
      },
    };
    const { cache, client, sizes } = scene(api, metrics);
    const first = await client.create(RESOURCE, item(1));
    await cache.replace([first], '101');
    await eventually(() => sizes.length === 2, 'a second pass');
    await idle();
    expect(sizes).toEqual([1, 2]);
  });

  it('is not lost although the object was gone when the pass looked', async () => {
    const api = new ApiDouble();
    const { cache, client, sizes } = scene(api);
    const first = await client.create(RESOURCE, item(1));
    await cache.replace([first], '101');
    await eventually(() => sizes.length === 1, 'a pass');
    await idle();
    // The cache stays behind, so that the next pass reads live and finds nothing.
    cache.expect('110');
    await client.remove(RESOURCE, TARGET);
    const answered = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    api.after = async ({ method, path }) => {
      if (method !== 'GET' || !path.endsWith('/a')) return;
      asked.resolve();
      await answered.promise;
    };
    cache.remove({ ...first, metadata: { ...first.metadata, resourceVersion: '103' } });
    await asked.promise;
    api.after = () => undefined;
    const again = await client.create(RESOURCE, item(2));
    cache.upsert(again);
    answered.resolve();
    await eventually(() => sizes.length === 2, 'a pass over the new object');
    expect(sizes).toEqual([1, 2]);
  });

  it('does not end the backoff of a pass that broke', async () => {
    const api = new ApiDouble();
    let reads = 0;
    api.before = ({ method, path }) => {
      if (method !== 'GET' || !path.endsWith('/a')) return;
      reads += 1;
      throw new Error('the server is away');
    };
    const { cache, client, sizes } = scene(api);
    const first = await client.create(RESOURCE, item(1));
    await cache.replace([first], '101');
    await eventually(() => sizes.length === 1, 'a pass');
    await idle();
    cache.expect('999');
    cache.upsert({ ...first, metadata: { ...first.metadata, resourceVersion: '500' } });
    await eventually(() => reads === 1, 'a live read');
    await idle(500);
    expect(reads).toBe(1);
  });
});
