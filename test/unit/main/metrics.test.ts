import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { System } from '../../../examples/demo/system.ts';
import { createCache } from '../../../src/kube/cache.ts';
import { readKubeconfig } from '../../../src/kube/kubeconfig.ts';
import { networkTransport } from '../../../src/kube/network.ts';
import { COUNTERS, GAUGES, HISTOGRAMS, noMetrics } from '../../../src/host/metrics.ts';
import { silentLog } from '../../../src/host/log.ts';
import { measureStages } from '../../../src/main/stage-metrics.ts';
import type { ApiObject } from '../../../src/api/object.ts';
import type { Caches } from '../../../src/kube/controller.ts';
import { ManualClock } from '../../support/clock.ts';
import { readExposition, type Sample } from '../../support/exposition.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { createAll, object } from '../../support/installation.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { until } from '../../support/until.ts';

async function scrape(kubeconfig: string) {
  const transport = networkTransport(await readKubeconfig(kubeconfig));
  try {
    const { status, headers, body } = await transport.send({
      method: 'GET',
      path: '/metrics',
      headers: {},
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return { status, type: headers['content-type'], text: Buffer.concat(chunks).toString() };
  } finally {
    await transport.close();
  }
}

function valueOf(samples: readonly Sample[], name: string, labels: Sample['labels'] = {}): number {
  const found = samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  return found.reduce((sum, { value }) => sum + value, 0);
}

describe('/metrics of lamina up', () => {
  it('tells what happened, in the text format of Prometheus', async () => {
    await using folder = await temporaryFolder();
    const importRoot = join(folder.path, 'import');
    await mkdir(importRoot);
    // No disk of the digest that is asked for: the job fails, which is quick.
    await writeFile(join(importRoot, 'os.raw'), Buffer.alloc(4096));
    const system = await System.start({ dataDir: join(folder.path, 'data'), importRoot });
    try {
      const disk = { file: 'os.raw', format: 'raw', sha256: 'ab'.repeat(32) };
      await createAll(system.client, [
        object('ConnectorConfig', 'here', { local: {} }),
        object('OSLayer', 'tiny', { versions: [{ name: '1', import: { disk } }] }),
      ]);
      const failed = { kind: 'import', result: 'failed' };
      await until('the job has failed', async () => {
        const { text } = await scrape(system.kubeconfig);
        return valueOf(readExposition(text), 'lamina_job_duration_seconds_count', failed) > 0;
      });
      const { status, type, text } = await scrape(system.kubeconfig);
      expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
      const samples = readExposition(text);
      const about = (name: string, labels?: Sample['labels']) => valueOf(samples, name, labels);
      const oslayer = { controller: 'oslayer' };
      expect(about('controller_runtime_reconcile_total', oslayer)).toBeGreaterThan(0);
      expect(about('controller_runtime_reconcile_time_seconds_count', oslayer)).toBeGreaterThan(0);
      expect(about('controller_runtime_max_concurrent_reconciles', oslayer)).toBeGreaterThan(0);
      expect(about('workqueue_adds_total', { name: 'layerversion' })).toBeGreaterThan(0);
      expect(about('workqueue_work_duration_seconds_count')).toBeGreaterThan(0);
      expect(about('rest_client_requests_total', { method: 'PATCH' })).toBeGreaterThan(0);
      const created = { verb: 'POST', resource: 'oslayers', code: '201' };
      expect(about('apiserver_request_total', created)).toBe(1);
      expect(about('apiserver_request_total', { verb: 'WATCH' })).toBeGreaterThan(0);
      expect(about('lamina_api_inflight_requests', { kind: 'requests' })).toBe(1);
      expect(about('lamina_api_database_bytes')).toBeGreaterThan(4096);
      expect(about('lamina_data_free_bytes')).toBeGreaterThan(0);
      expect(about('nodejs_eventloop_lag_seconds')).toBeGreaterThanOrEqual(0);
      // Nothing that people or objects are called, whatever they do.
      for (const { labels } of samples) {
        expect(Object.values(labels)).not.toContain('tiny');
        expect(Object.values(labels).join()).not.toMatch(/lver|default\//);
      }
    } finally {
      await system.stop();
    }
  });

  it('names every series once, and counters by their ending', () => {
    const names = [COUNTERS, GAUGES, HISTOGRAMS].flatMap((table) => Object.keys(table));
    expect(new Set(names).size).toBe(names.length);
    expect(Object.keys(COUNTERS).filter((name) => !name.endsWith('_total'))).toEqual([]);
    expect(Object.keys(HISTOGRAMS).filter((name) => !name.endsWith('_seconds'))).toEqual([]);
  });
});

describe('durations of stages', () => {
  function version(reason: string, status: 'True' | 'False' = 'False'): ApiObject {
    const made = object('LayerVersion', 'a', {});
    const condition = { type: 'Ready', status, reason, message: '', lastTransitionTime: '' };
    return { ...made, status: { conditions: [condition] } };
  }

  function scene() {
    const clock = new ManualClock();
    const cache = createCache(clock, silentLog);
    const others = createCache(clock, silentLog);
    const said: unknown[] = [];
    const caches: Caches = {
      of: ({ kind }) => (kind === 'LayerVersion' ? cache : others) as never,
    };
    const observe = (name: string, value: number, labels: object) =>
      said.push({ name, value, ...labels });
    measureStages(caches, { ...noMetrics, observe }, clock);
    let resourceVersion = 1;
    const show = (object: ApiObject, afterMs: number) => {
      clock.advance(afterMs);
      const metadata = { ...object.metadata, resourceVersion: String((resourceVersion += 1)) };
      cache.upsert({ ...object, metadata });
    };
    return { cache, said, show };
  }

  const name = 'lamina_stage_duration_seconds';
  const kind = 'LayerVersion';

  it('are told when a stage is left, once each, and not of where it arrived', async () => {
    const { cache, said, show } = scene();
    await cache.replace([], '1');
    show(version('Composing'), 0);
    show(version('Composing'), 2000);
    show(version('Packaging'), 3000);
    show(version('Deployable', 'True'), 60_000);
    show(version('Deployable', 'True'), 1_000_000);
    expect(said).toEqual([
      { name, kind, stage: 'Composing', value: 5 },
      { name, kind, stage: 'Packaging', value: 60 },
    ]);
  });

  it('leave out a stage whose beginning nobody saw', async () => {
    const { cache, said, show } = scene();
    const first = version('Packaging');
    const metadata = { ...first.metadata, resourceVersion: '1' };
    await cache.replace([{ ...first, metadata }], '1');
    show(version('Verifying'), 5000);
    show(version('Finalizing'), 7000);
    expect(said).toEqual([{ name, kind, stage: 'Verifying', value: 7 }]);
  });
});
