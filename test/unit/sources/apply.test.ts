import { messageOf } from '../../../src/core/failure.ts';
import { kubeClient } from '../../../src/kube/client.ts';
import { applyReading } from '../../../src/sources/apply.ts';
import { problemLines } from '../../../src/sources/validate.ts';
import { ApiDouble } from '../../support/api-double.ts';
import { eventually, idle } from '../../support/eventually.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { readingOf } from '../../support/source.ts';

const SHA = 'a'.repeat(64);
const LAYERS = '/apis/lamina.dev/v1alpha1/oslayers';
const CONNECTORS = '/apis/lamina.dev/v1alpha1/connectorconfigs';

function os(name: string, extra = '', metadata = ''): string {
  return `apiVersion: lamina.dev/v1alpha1
kind: OSLayer
metadata: {name: ${name}${metadata}}
spec:
  ${extra}
  versions: [{name: "1", import: {disk: {file: a.raw, format: raw, sha256: ${SHA}}}}]
`;
}

const connector = `apiVersion: lamina.dev/v1alpha1
kind: ConnectorConfig
metadata: {name: here}
spec: {local: {}}
`;

const configMap = `apiVersion: v1
kind: ConfigMap
metadata: {name: notes, namespace: lab}
data: {a: "1", b: "2"}
`;

const { signal } = new AbortController();

function rig() {
  const api = new ApiDouble();
  const client = kubeClient(api.transport);
  const apply = async (text: string, source = 'git', path = 'a.yaml') => {
    const done = await applyReading(readingOf(text, path), { client, source, signal });
    return { ...done, problems: problemLines(done.problems) };
  };
  return { api, client, apply };
}

async function* invalidBody() {
  yield Buffer.from(JSON.stringify({ kind: 'Status', reason: 'Invalid', message: 'spec: no' }));
}

function clean(applied: number, unchanged: number, pruned: number) {
  return { applied, unchanged, pruned, problems: [] };
}

describe('applyReading', () => {
  it('creates what is missing with its source and position, and then writes nothing', async () => {
    const { api, apply } = rig();
    const text = [connector, os('tiny'), configMap].join('---\n');
    expect(await apply(text)).toEqual(clean(3, 0, 0));
    expect(api.all(LAYERS)[0]).toMatchObject({
      metadata: {
        name: 'tiny',
        namespace: 'default',
        labels: { 'lamina.dev/source': 'git' },
        annotations: { 'lamina.dev/source-position': 'a.yaml:8' },
      },
      spec: { versions: [{ name: '1' }] },
    });
    const writes = api.writes.length;
    expect(await apply(text)).toEqual(clean(0, 3, 0));
    expect(await apply(`# one line more\n---\n${text}`)).toEqual(clean(0, 3, 0));
    expect(api.writes.length).toBe(writes);
  });

  it('writes only what differs and leaves alone what others wrote', async () => {
    const { api, client, apply } = rig();
    await apply(os('tiny', 'displayName: Tiny', ', labels: {team: a, keep: b}'));
    const resource = {
      group: 'lamina.dev',
      version: 'v1alpha1',
      plural: 'oslayers',
      kind: 'OSLayer',
      namespaced: true,
    };
    const target = { namespace: 'default', name: 'tiny' };
    await client.mergePatch(resource, target, {
      metadata: {
        labels: { foreign: 'x' },
        annotations: { foreign: 'y' },
        finalizers: ['lamina.dev/hold'],
      },
    });
    api.writes.length = 0;
    expect(await apply(os('tiny', '', ', labels: {keep: c}'))).toEqual(clean(1, 0, 0));
    expect(api.writes.map(({ method, body }) => ({ method, body }))).toEqual([
      {
        method: 'PATCH',
        body: {
          spec: { displayName: null },
          metadata: {
            labels: { team: null, keep: 'c' },
            annotations: { 'lamina.dev/source-keys': 'keep;' },
          },
        },
      },
    ]);
    expect(api.all(LAYERS)[0]?.['metadata']).toMatchObject({
      labels: { foreign: 'x', keep: 'c', 'lamina.dev/source': 'git' },
      annotations: { foreign: 'y' },
      finalizers: ['lamina.dev/hold'],
    });
    expect(await apply(os('tiny', '', ', labels: {keep: c}'))).toEqual(clean(0, 1, 0));
  });

  it('puts back what somebody edited by hand', async () => {
    const { api, client, apply } = rig();
    await apply(configMap);
    const resource = {
      group: '',
      version: 'v1',
      plural: 'configmaps',
      kind: 'ConfigMap',
      namespaced: true,
    };
    await client.mergePatch(
      resource,
      { namespace: 'lab', name: 'notes' },
      { data: { a: '9', c: '3' } },
    );
    expect(await apply(configMap)).toEqual(clean(1, 0, 0));
    expect(api.all('/api/v1/configmaps')[0]?.['data']).toEqual({ a: '1', b: '2' });
  });

  it('takes away what is gone from the source, and only that', async () => {
    const { api, apply } = rig();
    await apply([connector, os('tiny'), os('other')].join('---\n'));
    await apply(os('foreign'), 'elsewhere');
    expect(await apply([connector, os('tiny')].join('---\n'))).toEqual(clean(0, 2, 1));
    expect(api.all(LAYERS).map(({ metadata }) => metadata.name)).toEqual(['tiny', 'foreign']);
  });

  it('never takes away a namespace, and everything in it', async () => {
    const { api, apply } = rig();
    const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: lab}\n';
    await apply([namespace, connector].join('---\n'));
    expect(await apply(connector)).toEqual(clean(0, 1, 0));
    expect(api.all('/api/v1/namespaces')).toHaveLength(1);
  });

  it.each([
    { why: 'one document is bad', text: `${connector}---\nkind: x\n` },
    { why: 'one file cannot be read', text: `${connector}---\na: [\n` },
    { why: 'the source is empty', text: '# nothing\n' },
  ])('applies and takes away nothing when $why', async ({ text }) => {
    const { api, apply } = rig();
    await apply([connector, os('tiny')].join('---\n'));
    api.writes.length = 0;
    const done = await apply(text.replace('local: {}', 'local: {cpus: 4}'));
    expect(done).toMatchObject({ applied: 0, pruned: 0 });
    expect(done.problems).toHaveLength(1);
    expect(api.writes).toEqual([]);
  });

  it('finds an empty source normal before anything was applied', async () => {
    expect(await rig().apply('')).toEqual(clean(0, 0, 0));
  });

  it('adopts what nobody keeps, and not what another source keeps', async () => {
    const { api, apply } = rig();
    await apply(os('tiny'), 'first');
    expect((await apply(os('tiny'), 'second')).problems).toEqual([
      'a.yaml:3:18: OSLayer "tiny" is kept by the source "first"',
    ]);
    const { client } = { client: kubeClient(api.transport) };
    const resource = {
      group: 'lamina.dev',
      version: 'v1alpha1',
      plural: 'oslayers',
      kind: 'OSLayer',
      namespaced: true,
    };
    await client.mergePatch(
      resource,
      { namespace: 'default', name: 'tiny' },
      { metadata: { labels: null } },
    );
    expect(await apply(os('tiny'), 'second')).toEqual(clean(1, 0, 0));
  });

  it('names the line of what the server refuses, goes on, and prunes nothing', async () => {
    const { api, apply } = rig();
    await apply([connector, os('tiny'), os('old')].join('---\n'));
    const real = api.transport;
    const refusing = kubeClient(async (request) => {
      if (request.method !== 'PATCH') return real(request);
      return { status: 422, headers: {}, body: invalidBody() };
    });
    const text = [os('new'), os('tiny', 'displayName: x')].join('---\n');
    const done = await applyReading(readingOf(text), {
      client: refusing,
      source: 'git',
      signal: new AbortController().signal,
    });
    expect(problemLines(done.problems)).toEqual([
      expect.stringMatching(/^a\.yaml:10:18: OSLayer "tiny": spec: no/),
    ]);
    expect(done).toMatchObject({ applied: 1, pruned: 0 });
    expect(api.all(LAYERS)).toHaveLength(3);
  });

  it('tells of as many refusals as anybody reads', async () => {
    const { api } = rig();
    let asked = 0;
    const refusing = kubeClient(async (request) => {
      if (request.method === 'GET') return api.transport(request);
      asked += 1;
      return { status: 422, headers: {}, body: invalidBody() };
    });
    const text = Array.from({ length: 300 }, (_, i) => os(`os-${i}`)).join('---\n');
    const options = { client: refusing, source: 'git', signal };
    expect((await applyReading(readingOf(text), options)).problems).toHaveLength(200);
    expect(asked).toBe(300);
  });

  it('ends when nothing of it is under way any more, also after a failure', async () => {
    const { api, client } = rig();
    const slow = Promise.withResolvers<void>();
    let writes = 0;
    api.before = async ({ method }) => {
      if (method === 'GET') return;
      writes += 1;
      if (writes === 5) throw new Error('connection reset');
      await slow.promise;
    };
    const text = Array.from({ length: 100 }, (_, i) => os(`os-${i}`)).join('---\n');
    let ended = false;
    const first = applyReading(readingOf(text), { client, source: 'git', signal })
      .catch((error: unknown) => messageOf(error))
      .finally(() => {
        ended = true;
      });
    await eventually(() => writes === 16, 'a write of every lane');
    await idle();
    expect(ended).toBe(false);
    slow.resolve();
    expect(await first).toMatch(/connection reset/);
    // Only what was under way when the fifth failed has landed, and nothing lands after the end.
    expect(api.all(LAYERS)).toHaveLength(15);
    await idle();
    expect(api.all(LAYERS)).toHaveLength(15);
    expect(writes).toBe(16);
  });

  it('comes to the same end after a failure at any request', async () => {
    const text = [connector, os('tiny'), configMap].join('---\n');
    const wanted = rig();
    await wanted.apply([connector, os('gone')].join('---\n'));
    await wanted.apply(text);
    for (const moment of ['before', 'after'] as const) {
      for (let broken = 1; broken < 30; broken += 1) {
        const { api, apply } = rig();
        await apply([connector, os('gone')].join('---\n'));
        let left = broken;
        api[moment] = () => {
          left -= 1;
          if (left === 0) throw new Error('connection reset');
        };
        await apply(text).catch(() => undefined);
        if (left > 0) break;
        api[moment] = () => undefined;
        expect((await apply(text)).problems).toEqual([]);
        const names = (it: ApiDouble) =>
          [LAYERS, CONNECTORS, '/api/v1/configmaps'].map((collection) =>
            it.all(collection).map(({ metadata }) => metadata.name),
          );
        expect(names(api)).toEqual(names(wanted.api));
      }
    }
  });
});
