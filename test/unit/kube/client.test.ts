import type { ApiResponse, Transport } from '../../../src/core/transport.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { silentLog } from '../../../src/host/log.ts';
import { nextTurn } from '../../../src/host/turn.ts';
import { openApiServer } from '../../../src/apiserver/server.ts';
import { isNotFound, kubeClient } from '../../../src/kube/client.ts';
import { readKubeconfig } from '../../../src/kube/kubeconfig.ts';
import { networkTransport } from '../../../src/kube/network.ts';
import { CONFIGMAPS, NAMESPACES, SECRETS, pathOf, resourceOf } from '../../../src/kube/resource.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';

const VERSIONS = resourceOf('LayerVersion');

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

function answering(status: number, body: unknown, headers: Record<string, string> = {}): Transport {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return () => Promise.resolve({ status, headers, body: bytes(text) } satisfies ApiResponse);
}

function status(code: number, reason: string, more: Record<string, unknown> = {}) {
  return { kind: 'Status', apiVersion: 'v1', code, reason, message: `${reason} it is`, ...more };
}

const object = {
  apiVersion: 'lamina.dev/v1alpha1',
  kind: 'LayerVersion',
  metadata: { name: 'a', namespace: 'n' },
};

describe('paths', () => {
  it.each([
    { path: pathOf(VERSIONS), want: '/apis/lamina.dev/v1alpha1/layerversions' },
    {
      path: pathOf(VERSIONS, 'n', 'a', 'status'),
      want: '/apis/lamina.dev/v1alpha1/namespaces/n/layerversions/a/status',
    },
    { path: pathOf(SECRETS, 'n'), want: '/api/v1/namespaces/n/secrets' },
    { path: pathOf(NAMESPACES, undefined, 'n'), want: '/api/v1/namespaces/n' },
    { path: pathOf(SECRETS, 'n', '../x?y'), want: '/api/v1/namespaces/n/secrets/..%2Fx%3Fy' },
  ])('$want', ({ path, want }) => expect(path).toBe(want));
});

describe('errors of the API', () => {
  const rows = [
    { http: 400, reason: 'BadRequest', consequence: 'Impossible' },
    { http: 401, reason: 'Unauthorized', consequence: 'Denied' },
    { http: 403, reason: 'Forbidden', consequence: 'Denied' },
    { http: 404, reason: 'NotFound', consequence: 'Impossible' },
    { http: 409, reason: 'Conflict', consequence: 'Conflict' },
    { http: 409, reason: 'AlreadyExists', consequence: 'Conflict' },
    { http: 410, reason: 'Expired', consequence: 'Transient' },
    { http: 422, reason: 'Invalid', consequence: 'Impossible' },
    { http: 429, reason: 'TooManyRequests', consequence: 'Busy' },
    { http: 500, reason: 'InternalError', consequence: 'Transient' },
    { http: 503, reason: 'ServiceUnavailable', consequence: 'Busy' },
    { http: 504, reason: 'Timeout', consequence: 'Transient' },
  ];
  it.each(rows)('$http $reason is $consequence', async ({ http, reason, consequence }) => {
    const client = kubeClient(answering(http, status(http, reason)));
    await expect(client.create(VERSIONS, object)).rejects.toMatchObject({
      consequence,
      code: reason,
      message: `${reason} it is`,
    });
  });

  const waits = [
    { why: 'header', body: {}, headers: { 'retry-after': '3' }, want: 3000 },
    { why: 'details', body: status(429, 'X', { details: { retryAfterSeconds: 2 } }), want: 2000 },
    { why: 'an absurd header', body: {}, headers: { 'retry-after': '99999' }, want: 300_000 },
    { why: 'a date', body: {}, headers: { 'retry-after': 'Fri, 31 Dec 2027' }, want: undefined },
  ];
  it.each(waits)('waits as $why says', async ({ body, headers, want }) => {
    const client = kubeClient(answering(429, body, headers));
    const error: unknown = await client.list(VERSIONS).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ consequence: 'Busy' });
    expect((error as { retryAfterMs?: number }).retryAfterMs).toBe(want);
  });

  it('survives what is no Status at all', async () => {
    const gateway = kubeClient(answering(502, '<html>Bad Gateway</html>'));
    await expect(gateway.list(VERSIONS)).rejects.toMatchObject({
      consequence: 'Transient',
      code: 'Http502',
    });
    const nonsense = kubeClient(answering(200, 'hello'));
    await expect(nonsense.get(VERSIONS, 'n', 'a')).rejects.toMatchObject({ consequence: 'Lost' });
    const noItems = kubeClient(answering(200, { metadata: {} }));
    await expect(noItems.list(VERSIONS)).rejects.toMatchObject({ consequence: 'Lost' });
  });

  it('calls broken connections Lost', async () => {
    const client = kubeClient(() => Promise.reject(new Error('connect ECONNREFUSED')));
    await expect(client.get(VERSIONS, 'n', 'a')).rejects.toMatchObject({
      consequence: 'Lost',
      code: 'ConnectionLost',
    });
  });

  it('ends with its signal although nobody answers', async () => {
    const stop = new AbortController();
    const client = kubeClient(() => new Promise<never>(() => undefined));
    const asked = client.get(VERSIONS, 'n', 'a', stop.signal);
    stop.abort();
    await expect(asked).rejects.toMatchObject({ consequence: 'Lost', code: 'Aborted' });
  });

  it('takes a missing object for an answer where it is one', async () => {
    const client = kubeClient(answering(404, status(404, 'NotFound')));
    expect(await client.get(VERSIONS, 'n', 'a')).toBeUndefined();
    expect(await client.remove(VERSIONS, { namespace: 'n', name: 'a' })).toBeUndefined();
    const patched = client.mergePatch(VERSIONS, { namespace: 'n', name: 'a' }, {});
    await expect(patched.catch(isNotFound)).resolves.toBe(true);
  });
});

const page = (items: unknown[], token?: string) => ({
  apiVersion: 'v1',
  kind: 'SecretList',
  metadata: { resourceVersion: '7', continue: token },
  items,
});
const item = (name: string) => ({ metadata: { name } });

function paging(answers: readonly (readonly [number, unknown])[]) {
  const paths: string[] = [];
  const rest = [...answers];
  const transport: Transport = async (request) => {
    paths.push(request.path);
    const [code, body] = rest.shift() ?? [500, {}];
    return answering(code, body)(request);
  };
  return { paths, client: kubeClient(transport) };
}

describe('lists', () => {
  it('reads all pages, and gives items of built-in kinds their type', async () => {
    const { client, paths } = paging([
      [200, page([item('a')], 'next')],
      [200, page([item('b')])],
    ]);
    const { items } = await client.list(SECRETS, { namespace: 'n', labelSelector: 'x=y' });
    expect(items).toEqual([
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'b' } },
    ]);
    expect(paths).toEqual([
      '/api/v1/namespaces/n/secrets?labelSelector=x%3Dy&limit=200',
      '/api/v1/namespaces/n/secrets?labelSelector=x%3Dy&limit=200&continue=next',
    ]);
  });

  it('lets others have their turn between two pages, although a direct call never waits', async () => {
    const { client } = paging([
      [200, page([item('a')], 'next')],
      [200, page([item('b')])],
    ]);
    let othersHadTheirTurn = false;
    nextTurn(() => (othersHadTheirTurn = true));
    await client.list(SECRETS);
    expect(othersHadTheirTurn).toBe(true);
  });

  it('starts over without pages when the server forgot the version between two', async () => {
    const { client, paths } = paging([
      [200, page([item('a')], 'next')],
      [410, status(410, 'Expired')],
      [200, page([item('a'), item('b')])],
    ]);
    expect((await client.list(SECRETS)).items).toHaveLength(2);
    expect(paths[2]).toBe('/api/v1/secrets');
  });
});

describe('over the network', () => {
  it('speaks to the embedded server by its kubeconfig, watches included', async () => {
    await using folder = await temporaryFolder();
    const server = await openApiServer({
      dataDir: folder.path,
      listen: { host: '127.0.0.1', port: 0 },
      clock: systemClock,
      random: Math.random,
      log: silentLog,
      version: '0',
    });
    const target = await readKubeconfig(server.kubeconfigPath);
    const network = networkTransport(target);
    const client = kubeClient(network.send);
    try {
      const place = { namespace: target.namespace, name: 'a' };
      const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: place, data: { x: '1' } };
      await client.create(CONFIGMAPS, map);
      const { metadata } = await client.list(CONFIGMAPS);
      const stop = new AbortController();
      const events = client.watch(CONFIGMAPS, { ...metadata, signal: stop.signal });
      const seen: string[] = [];
      const watching = (async () => {
        for await (const {
          type,
          object: {
            metadata: { name },
          },
        } of events) {
          seen.push(`${type} ${name}`);
          if (type === 'DELETED') stop.abort();
        }
      })();
      await client.mergePatch(CONFIGMAPS, place, { data: { x: '2' } });
      await client.remove(CONFIGMAPS, place);
      await expect(watching).rejects.toMatchObject({ code: 'Aborted' });
      expect(seen).toEqual(['MODIFIED a', 'DELETED a']);
      const stranger = networkTransport({ ...target, token: 'wrong' });
      await expect(kubeClient(stranger.send).list(CONFIGMAPS)).rejects.toMatchObject({
        consequence: 'Denied',
      });
      await stranger.close();
    } finally {
      await network.close();
      await server.close();
    }
  });

  it('trusts nobody without an authority that it knows', async () => {
    await using folder = await temporaryFolder();
    const server = await openApiServer({
      dataDir: folder.path,
      listen: { host: '127.0.0.1', port: 0 },
      clock: systemClock,
      random: Math.random,
      log: silentLog,
      version: '0',
    });
    const { server: address, token = '' } = await readKubeconfig(server.kubeconfigPath);
    const network = networkTransport({ server: address, token });
    await expect(kubeClient(network.send).list(SECRETS)).rejects.toMatchObject({
      consequence: 'Lost',
    });
    await network.close();
    await server.close();
  });
});
