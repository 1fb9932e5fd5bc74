import type { HealthCheck } from '../../../src/apiserver/http/health.ts';
import type { Log } from '../../../src/host/log.ts';
import { silentLog } from '../../../src/host/log.ts';
import { prometheusMetrics } from '../../../src/host/prometheus.ts';
import { serveProbes } from '../../../src/main/probes.ts';
import { describe, expect, it } from '../../support/runner.ts';

describe('the probes of lamina controller', () => {
  it('tell health and metrics, and nothing else', async () => {
    await using started = new AsyncDisposableStack();
    let port = 0;
    const log: Log = { ...silentLog, info: (_, fields) => void (port = Number(fields?.['port'])) };
    const metrics = prometheusMetrics();
    metrics.gauge('leader_election_master_status', { name: 'lamina-controller' }, () => 1);
    const checks: HealthCheck[] = [];
    const listen = { host: '127.0.0.1', port: 0 };
    await serveProbes({ listen, checks, metrics, log }, started);
    const ask = async (path: string, method = 'GET') => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
      return { status: answer.status, text: await answer.text() };
    };
    expect(await ask('/readyz')).toEqual({ status: 200, text: 'ok' });
    // A controller that begins to lead has more to tell of.
    const check = () => {
      throw new Error('not every cache has its first list');
    };
    checks.push({ name: 'informer-sync', isVital: false, check });
    expect(await ask('/readyz?verbose')).toMatchObject({ status: 500 });
    expect(await ask('/livez')).toEqual({ status: 200, text: 'ok' });
    const { text } = await ask('/metrics');
    expect(text).toContain('leader_election_master_status{name="lamina-controller"} 1');
    expect(await ask('/api')).toMatchObject({ status: 404 });
    expect(await ask('/readyz', 'POST')).toMatchObject({ status: 405 });
  });
});
