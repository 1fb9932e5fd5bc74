import { createCache, type Change } from '../../../src/kube/cache.ts';
import { kubeClient } from '../../../src/kube/client.ts';
import { noMetrics } from '../../../src/host/metrics.ts';
import { startReflector } from '../../../src/kube/reflector.ts';
import { pathOf, resourceOf } from '../../../src/kube/resource.ts';
import { jsonLog, silentLog } from '../../../src/host/log.ts';
import { ManualClock } from '../../support/clock.ts';
import { idle } from '../../support/eventually.ts';
import { afterEach, describe, expect, it } from '../../support/runner.ts';
import { ScriptedServer } from '../../support/scripted-server.ts';

const RESOURCE = resourceOf('LayerVersion');

function object(name: string, resourceVersion: string, more: Record<string, unknown> = {}) {
  const metadata = { name, namespace: 'n', uid: `uid-${name}`, resourceVersion, ...more };
  return { apiVersion: 'lamina.dev/v1alpha1', kind: 'LayerVersion', metadata, spec: {} };
}

const GONE = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };

function told({ before, after, initial }: Change): string {
  const text = (item: typeof before) => `${item?.metadata.uid}@${item?.metadata.resourceVersion}`;
  const mark = initial ? '*' : '';
  if (before === undefined) return `${mark}+${text(after)}`;
  return after === undefined ? `-${text(before)}` : `~${text(after)}`;
}

let stopLast: () => Promise<void> = () => Promise.resolve();
afterEach(() => stopLast());

async function follow(server: ScriptedServer, place: { readonly namespace?: string } = {}) {
  const clock = new ManualClock();
  const cache = createCache(clock, silentLog);
  const changes: string[] = [];
  cache.onChange((change) => changes.push(told(change)));
  const reflector = startReflector({
    ...place,
    client: kubeClient(server.transport),
    resource: RESOURCE,
    cache,
    clock,
    random: () => 0.5,
    log: silentLog,
    metrics: noMetrics,
  });
  stopLast = () => reflector.stop();
  await idle();
  const pass = async (spanMs: number) => {
    clock.advance(spanMs);
    await idle();
  };
  return { clock, cache, changes, reflector, pass };
}

async function started(items = [object('a', '90')]) {
  const server = new ScriptedServer();
  server.items = items;
  return { server, ...(await follow(server)) };
}

/* What breaks streams, and how lists and watches are refused: test/contract/api-faults, on real servers. */

describe('reflector', () => {
  it('lists at the latest version, then watches from there with bookmarks', async () => {
    const { server, changes, cache } = await started();
    const list = new URL(server.lists[0]?.path ?? '', 'http://x').searchParams;
    expect(list.get('resourceVersion')).toBeNull();
    expect(server.watch.query.get('resourceVersion')).toBe('100');
    expect(server.watch.query.get('allowWatchBookmarks')).toBe('true');
    const seconds = Number(server.watch.query.get('timeoutSeconds'));
    expect(seconds).toBeGreaterThanOrEqual(300);
    expect(seconds).toBeLessThanOrEqual(600);
    expect(changes).toEqual(['*+uid-a@90']);
    expect(cache.isSynced).toBe(true);
  });

  it('delivers changes in order', async () => {
    const { server, changes } = await started();
    server.watch.event('MODIFIED', object('a', '101'));
    server.watch.event('ADDED', object('b', '102'));
    server.watch.event('DELETED', object('a', '103'));
    await idle();
    expect(changes.slice(1)).toEqual(['~uid-a@101', '+uid-b@102', '-uid-a@101']);
  });

  it('tells of a name with a new UID as a deletion and an addition', async () => {
    const { server, changes } = await started();
    server.watch.event('MODIFIED', object('a', '101', { uid: 'other' }));
    server.watch.event('DELETED', object('a', '100', { uid: 'uid-a' }));
    await idle();
    expect(changes.slice(1)).toEqual(['-uid-a@90', '+other@101']);
  });

  it('goes on at once when the server ends a watch in good order', async () => {
    const { server, pass } = await started();
    await pass(2000);
    server.watch.end();
    await idle();
    expect(server.watches).toHaveLength(2);
  });

  it('backs off to 30 s while connections are refused, without a new list', async () => {
    const { server, pass } = await started();
    for (let refused = 0; refused < 8; refused += 1) {
      server.refusals.push(new Error('connect ECONNREFUSED'));
    }
    server.watch.reset();
    await idle();
    let waitedMs = 0;
    while (server.watches.length === 1 && waitedMs < 300_000) {
      await pass(100);
      waitedMs += 100;
    }
    // 0.8 + 1.6 + 3.2 + 6.4 + 12.8 + 25.6 + 30 + 30 + 30 s
    expect(waitedMs).toBeGreaterThan(130_000);
    expect(waitedMs).toBeLessThan(150_000);
    expect(server.lists).toHaveLength(1);
  });

  it('takes 130 s of silence for a dead connection', async () => {
    const { server, pass } = await started();
    for (let tick = 0; tick < 12; tick += 1) await pass(10_000);
    expect(server.watches).toHaveLength(1);
    await pass(10_000);
    await pass(960);
    expect(server.watches).toHaveLength(2);
    expect(server.lists).toHaveLength(1);
  });

  it('is kept alive by bookmarks', async () => {
    const { server, pass } = await started();
    for (let minute = 1; minute <= 5; minute += 1) {
      await pass(60_000);
      server.watch.event('BOOKMARK', { metadata: { resourceVersion: String(100 + minute) } });
      await idle();
    }
    expect(server.watches).toHaveLength(1);
  });

  it.each([
    { why: 'back', spanMs: -86_400_000 },
    { why: 'forward', spanMs: 86_400_000 },
  ])('goes by the time that passed when the clock is set $why a day', async ({ spanMs }) => {
    const { server, clock, pass } = await started();
    await pass(60_000);
    clock.set(spanMs);
    await pass(60_000);
    expect(server.watches).toHaveLength(1);
    // Silence is noticed none the less.
    for (let tick = 0; tick < 30; tick += 1) await pass(10_000);
    expect(server.watches.length).toBeGreaterThan(1);
  });

  it('ignores events from the past', async () => {
    const { server, changes } = await started();
    server.watch.event('MODIFIED', object('a', '105'));
    server.watch.event('DELETED', object('a', '106'));
    server.watch.event('ADDED', object('a', '103'));
    await idle();
    expect(changes.slice(1)).toEqual(['~uid-a@105', '-uid-a@105']);
  });

  it('refuses an older list three times, then believes that history began anew', async () => {
    const { server, cache, pass } = await started();
    server.watch.event('MODIFIED', object('a', '200'));
    await idle();
    server.items = [object('a', '50')];
    server.version = '60';
    server.watch.event('ERROR', GONE);
    await idle();
    await pass(960);
    expect(cache.get('n', 'a')?.metadata.resourceVersion).toBe('200');
    for (let wait = 0; wait < 20; wait += 1) await pass(960);
    expect(cache.get('n', 'a')?.metadata.resourceVersion).toBe('50');
    expect(server.watch.query.get('resourceVersion')).toBe('60');
  });

  it('leaves out objects without a name instead of breaking', async () => {
    const { server, cache } = await started();
    server.watch.event('ADDED', { metadata: { resourceVersion: '101' } });
    server.watch.event('ADDED', object('b', '102'));
    await idle();
    expect(cache.list().map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  });

  it('logs a throwing handler, tells the others and goes on', async () => {
    const server = new ScriptedServer();
    const lines: string[] = [];
    const clock = new ManualClock();
    const log = jsonLog(
      (line) => lines.push(line),
      () => 0,
      { level: 'error' },
    );
    const cache = createCache(clock, log);
    const heard: string[] = [];
    cache.onChange(() => {
      throw new Error('handler is broken');
    });
    cache.onChange((change) => heard.push(told(change)));
    const reflector = startReflector({
      client: kubeClient(server.transport),
      resource: RESOURCE,
      cache,
      clock,
      random: () => 0.5,
      log,
      metrics: noMetrics,
    });
    stopLast = () => reflector.stop();
    await idle();
    server.watch.event('ADDED', object('b', '101'));
    server.watch.event('ADDED', object('c', '102'));
    await idle();
    expect(heard).toEqual(['+uid-b@101', '+uid-c@102']);
    expect(lines.filter((line) => line.includes('handler is broken'))).toHaveLength(2);
    expect(server.watches).toHaveLength(1);
  });

  it('asks for nothing outside of the namespace that it is for', async () => {
    const server = new ScriptedServer();
    await follow(server, { namespace: 'team' });
    const asked = [server.lists[0], server.watch.request];
    const there = pathOf(RESOURCE, 'team');
    expect(asked.map((request) => request?.path.replace(/\?.*/, ''))).toEqual([there, there]);
  });

  it('stops although the connection hangs', async () => {
    const { reflector } = await started();
    await reflector.stop();
  });
});
