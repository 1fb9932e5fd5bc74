import fc from 'fast-check';
import { layer, LAYERS, MAPS, openApi, textOf, type Ask } from './api.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../../support/runner.ts';

let api: Awaited<ReturnType<typeof openApi>>;

beforeAll(async () => {
  api = await openApi();
  await api.ask({ method: 'POST', path: LAYERS, body: layer('kept') });
  await api.ask({
    method: 'POST',
    path: MAPS,
    body: { metadata: { name: 'kept' }, data: { a: 'b' } },
  });
});

afterAll(() => api.close());

const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const PARTIAL = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' };
const PARTIALS = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' };

const type = (media: string) => ({ 'content-type': media });

interface Refusal extends Ask {
  readonly why: string;
  readonly code: number;
  readonly reason: string;
}

const REFUSALS: readonly Refusal[] = [
  { why: 'an unknown path', path: '/nothing', code: 404, reason: 'NotFound' },
  { why: 'the root', path: '/', code: 404, reason: 'NotFound' },
  { why: 'an unknown group', path: '/apis/apps/v1/deployments', code: 404, reason: 'NotFound' },
  {
    why: 'an unknown version',
    path: '/apis/lamina.dev/v1/oslayers',
    code: 404,
    reason: 'NotFound',
  },
  { why: 'an unknown resource', path: '/api/v1/pods', code: 404, reason: 'NotFound' },
  {
    why: 'a namespaced object without namespace',
    path: '/apis/lamina.dev/v1alpha1/oslayers/kept',
    code: 404,
    reason: 'NotFound',
  },
  {
    why: 'a cluster-scoped resource below a namespace',
    path: '/api/v1/namespaces/default/namespaces',
    code: 404,
    reason: 'NotFound',
  },
  { why: 'an unknown subresource', path: `${LAYERS}/kept/scale`, code: 404, reason: 'NotFound' },
  {
    why: 'the status of what has none',
    path: `${MAPS}/kept/status`,
    code: 404,
    reason: 'NotFound',
  },
  { why: 'a path that goes on', path: `${LAYERS}/kept/status/x`, code: 404, reason: 'NotFound' },
  { why: 'a path that climbs', path: `${LAYERS}/../oslayers`, code: 404, reason: 'NotFound' },
  { why: 'broken escapes', path: `${LAYERS}/%zz`, code: 400, reason: 'BadRequest' },
  { why: 'OpenAPI v2', path: '/openapi/v2', code: 404, reason: 'NotFound' },
  { why: 'the old watch paths', path: `/api/v1/watch/configmaps`, code: 404, reason: 'NotFound' },
  {
    why: 'a method that a document does not have',
    method: 'POST',
    path: '/apis',
    body: {},
    code: 405,
    reason: 'MethodNotAllowed',
  },
  {
    why: 'creating without a namespace',
    method: 'POST',
    path: '/apis/lamina.dev/v1alpha1/oslayers',
    body: layer('x'),
    code: 405,
    reason: 'MethodNotAllowed',
  },
  {
    why: 'emptying all namespaces at once',
    method: 'DELETE',
    path: '/apis/lamina.dev/v1alpha1/oslayers',
    code: 405,
    reason: 'MethodNotAllowed',
  },
  {
    why: 'deleting a status',
    method: 'DELETE',
    path: `${LAYERS}/kept/status`,
    code: 405,
    reason: 'MethodNotAllowed',
  },
  {
    why: 'POST on an object',
    method: 'POST',
    path: `${LAYERS}/kept`,
    body: {},
    code: 405,
    reason: 'MethodNotAllowed',
  },
  {
    why: 'a media type that is not written',
    path: LAYERS,
    headers: { accept: 'application/vnd.kubernetes.protobuf' },
    code: 406,
    reason: 'NotAcceptable',
  },
  {
    why: 'a media type that is not read',
    method: 'POST',
    path: LAYERS,
    headers: type('application/cbor'),
    body: 'x',
    code: 415,
    reason: 'UnsupportedMediaType',
  },
  {
    why: 'server-side apply',
    method: 'PATCH',
    path: `${LAYERS}/kept`,
    headers: type('application/apply-patch+yaml'),
    body: '{}',
    code: 415,
    reason: 'UnsupportedMediaType',
  },
  {
    why: 'a patch without a format',
    method: 'PATCH',
    path: `${LAYERS}/kept`,
    body: '{}',
    code: 415,
    reason: 'UnsupportedMediaType',
  },
  {
    why: 'a body that is no JSON',
    method: 'POST',
    path: LAYERS,
    body: '{"kind"',
    code: 400,
    reason: 'BadRequest',
  },
  {
    why: 'a body that is no UTF-8',
    method: 'POST',
    path: LAYERS,
    body: new Uint8Array([0x22, 0xff, 0x22]),
    code: 400,
    reason: 'BadRequest',
  },
  { why: 'no body', method: 'POST', path: LAYERS, code: 400, reason: 'BadRequest' },
  {
    why: 'a body that is no Kubernetes message',
    method: 'POST',
    path: MAPS,
    headers: type('application/vnd.kubernetes.protobuf'),
    body: 'k8s\0\xff\xff',
    code: 400,
    reason: 'BadRequest',
  },
  { why: 'a limit in words', path: `${LAYERS}?limit=ten`, code: 400, reason: 'BadRequest' },
  { why: 'a negative limit', path: `${LAYERS}?limit=-1`, code: 400, reason: 'BadRequest' },
  {
    why: 'a broken label selector',
    path: `${LAYERS}?labelSelector=a%20b`,
    code: 400,
    reason: 'BadRequest',
  },
  {
    why: 'an includeObject that does not exist',
    path: `${LAYERS}?includeObject=Some`,
    headers: TABLE,
    code: 400,
    reason: 'BadRequest',
  },
  {
    why: 'a dry run of some stages',
    method: 'POST',
    path: `${MAPS}?dryRun=Some`,
    body: { metadata: { name: 'dry' } },
    code: 422,
    reason: 'Invalid',
  },
  {
    why: 'a field validation that does not exist',
    method: 'POST',
    path: `${MAPS}?fieldValidation=Mild`,
    body: { metadata: { name: 'dry' } },
    code: 422,
    reason: 'Invalid',
  },
  {
    why: 'a propagation policy that does not exist',
    method: 'DELETE',
    path: `${MAPS}/kept`,
    body: { propagationPolicy: 'Sideways' },
    code: 422,
    reason: 'Invalid',
  },
  {
    why: 'a delete with a body of another kind',
    method: 'DELETE',
    path: `${MAPS}/kept`,
    body: { kind: 'ConfigMap' },
    code: 400,
    reason: 'BadRequest',
  },
  {
    why: 'a delete of another object of the same name',
    method: 'DELETE',
    path: `${MAPS}/kept`,
    body: { preconditions: { uid: 'other' } },
    code: 409,
    reason: 'Conflict',
  },
];

describe('the API refuses', () => {
  it.each(REFUSALS)('$why with $code', async ({ why: _why, code, reason, ...request }) => {
    const { status, json } = await api.ask(request);
    expect(status).toBe(code);
    expect(json).toMatchObject({
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code,
      reason,
    });
    expect(json.message).not.toBe('');
  });

  it('any nonsense with a Status, and keeps going', async () => {
    const word = fc.constantFrom(
      ...['api', 'apis', 'v1', 'namespaces', 'default', 'configmaps', 'kept', 'status', '', '..'],
      ...['lamina.dev', 'v1alpha1', 'oslayers', '%00', '%2f', '__proto__', 'constructor'],
    );
    const query = fc.constantFrom(
      ...['', '?watch=0', '?limit=1', '?continue=x', '?resourceVersion=y', '?labelSelector=%'],
      ...['?fieldSelector==', '?dryRun=All', '?pretty=true', '?includeObject='],
    );
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE' as const);
    const media = fc.constantFrom(
      ...['application/json', 'application/merge-patch+json', 'application/json-patch+json'],
      ...['application/strategic-merge-patch+json', 'application/vnd.kubernetes.protobuf', '', ';'],
    );
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      fc.uint8Array(),
      fc.constant(`${'['.repeat(5000)}${']'.repeat(5000)}`),
      fc.constant('{"metadata":{"__proto__":{}}}'),
    );
    const request = fc.record({
      segments: fc.array(word, { maxLength: 8 }),
      query,
      method,
      media,
      body,
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ segments, query, method, media, body }) => {
        const { status, json } = await api.ask({
          method: method as 'GET',
          path: `/${segments.join('/')}${query}`,
          headers: type(media),
          body,
        });
        expect(status).toBeLessThan(500);
        if (status >= 400) expect(json).toMatchObject({ kind: 'Status', code: status });
      }),
      { numRuns: 1000 },
    );
    expect((await api.ask({ path: '/readyz' })).text).toBe('ok');
  });
});

describe('representations', () => {
  it('writes one object and lists as tables, with what is asked of each object', async () => {
    const one = await api.ask({ path: `${LAYERS}/kept`, headers: TABLE });
    expect(one.json).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    expect(one.json.columnDefinitions.map((column: { name: string }) => column.name)).toEqual([
      'Name',
      'Ready',
      'Status',
      'Age',
    ]);
    expect(one.json.rows[0].cells.slice(0, 3)).toEqual(['kept', null, null]);
    expect(Object.keys(one.json.rows[0].object).sort()).toEqual(['apiVersion', 'kind', 'metadata']);
    const bare = await api.ask({ path: `${LAYERS}?includeObject=None`, headers: TABLE });
    expect(bare.json.rows[0].object).toBeNull();
    const whole = await api.ask({ path: `${LAYERS}?includeObject=Object`, headers: TABLE });
    expect(whole.json.rows[0].object.spec.displayName).toBe('x');
    expect(whole.json.metadata.resourceVersion).toMatch(/^\d+$/);
  });

  it('writes bare metadata', async () => {
    const one = await api.ask({ path: `${LAYERS}/kept`, headers: PARTIAL });
    expect(one.json).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'kept' } });
    expect(one.json).not.toHaveProperty('spec');
    const list = await api.ask({ path: LAYERS, headers: PARTIALS });
    expect(list.json.kind).toBe('PartialObjectMetadataList');
    expect(list.json.items[0].kind).toBe('PartialObjectMetadata');
  });

  it('answers a write in the asked form, with its warnings', async () => {
    const request = { method: 'POST', path: `${LAYERS}?dryRun=All`, headers: TABLE } as const;
    const bogus = { ...layer('w'), spec: { ...layer('w').spec, 'bo"gus\n': 1, ä: 2 } };
    const { status, json, headers } = await api.ask({ ...request, body: bogus });
    expect(status).toBe(201);
    expect(json.kind).toBe('Table');
    expect(headers['warning']).toMatch(/^299 - "unknown field \\"spec\.[ -~]+", 299 - "[ -~]+"$/);
  });

  it('tells of the end of an object with its uid, in any form', async () => {
    await api.ask({ method: 'POST', path: MAPS, body: { metadata: { name: 'end' } } });
    const { json } = await api.ask({ path: `${MAPS}/end` });
    const gone = await api.ask({ method: 'DELETE', path: `${MAPS}/end`, headers: TABLE });
    expect(gone.json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'end', kind: 'configmaps', uid: json.metadata.uid },
    });
  });
});

describe('watches', () => {
  async function events(headers: Record<string, string>, query: string, wanted: number) {
    const stop = new AbortController();
    const path = `${MAPS}?watch=1&${query}`;
    const response = await api.send({ path, headers, signal: stop.signal });
    const lines: any[] = [];
    let text = '';
    for await (const chunk of response.body) {
      text += Buffer.from(chunk).toString();
      while (text.includes('\n')) {
        lines.push(JSON.parse(text.slice(0, text.indexOf('\n'))));
        text = text.slice(text.indexOf('\n') + 1);
      }
      if (lines.length >= wanted) stop.abort();
    }
    return lines;
  }

  const initial = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1';

  it('write objects, tables and bare metadata, bookmarks included', async () => {
    const [object, mark] = await events({}, initial, 2);
    expect(object).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap' } });
    expect(mark).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
    const [row, rowMark] = await events(TABLE, initial, 2);
    expect(row.object).toMatchObject({
      kind: 'Table',
      rows: [{ cells: ['kept', 1, expect.stringMatching(/s$/)] }],
    });
    expect(rowMark.object).toMatchObject({ kind: 'Table', rows: [], columnDefinitions: [] });
    const [bare, bareMark] = await events(PARTIAL, initial, 2);
    expect(bare.object.kind).toBe('PartialObjectMetadata');
    expect(bareMark.object.kind).toBe('PartialObjectMetadata');
  });

  it('name the columns of a table once', async () => {
    await api.ask({ method: 'POST', path: MAPS, body: { metadata: { name: 'second' } } });
    const [first, second] = await events(TABLE, 'resourceVersion=0', 2);
    expect(first.object.columnDefinitions).toHaveLength(3);
    expect(second.object.columnDefinitions).toEqual([]);
    await api.ask({ method: 'DELETE', path: `${MAPS}/second` });
  });

  it('share the bytes of an event among watchers', async () => {
    const stop = new AbortController();
    const path = `${MAPS}?watch=1&resourceVersion=0`;
    const bodies = await Promise.all(
      [1, 2].map(async () => {
        const { body } = await api.send({ path, signal: stop.signal });
        return body[Symbol.asyncIterator]();
      }),
    );
    await api.ask({
      method: 'PATCH',
      path: `${MAPS}/kept`,
      headers: type('application/merge-patch+json'),
      body: { data: { n: '1' } },
    });
    const seen = await Promise.all(
      bodies.map(async (body) => [await body.next(), await body.next()] as const),
    );
    expect(seen[0]?.[1].value).toBe(seen[1]?.[1].value);
    stop.abort();
    await Promise.all(bodies.map((body) => body.return?.()));
  });

  it('refuse bad parameters before the stream begins', async () => {
    const { status } = await api.ask({ path: `${MAPS}?watch=1&sendInitialEvents=true` });
    expect(status).toBe(422);
    const response = await api.send({ path: `${MAPS}?watch=1&timeoutSeconds=x` });
    expect(response.status).toBe(400);
    await textOf(response);
  });

  it('end after timeoutSeconds', async () => {
    const { status } = await api.ask({ path: `${MAPS}?watch=1&timeoutSeconds=1` });
    expect(status).toBe(200);
  });
});

describe('what describes the server', () => {
  it('is the same in both forms of discovery', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const { json, headers } = await api.ask({ path: '/apis', headers: { accept } });
    expect(headers['content-type']).toBe(accept);
    const plain = await api.ask({ path: '/apis' });
    const names = (groups: { name?: string; metadata?: { name: string } }[]) =>
      groups.map((group) => group.name ?? group.metadata?.name);
    expect(names(json.items)).toEqual(names(plain.json.groups));
    const group = json.items.find((item: any) => item.metadata.name === 'lamina.dev');
    const list = await api.ask({ path: '/apis/lamina.dev/v1alpha1' });
    const resources = list.json.resources.map((resource: { name: string }) => resource.name);
    const aggregated = group.versions[0].resources.flatMap((resource: any) => [
      resource.resource,
      ...(resource.subresources ?? []).map((sub: any) => `${resource.resource}/${sub.subresource}`),
    ]);
    expect(aggregated).toEqual(resources);
    expect(resources).toContain('oslayers/status');
  });

  it('has OpenAPI documents whose references all resolve', async () => {
    const index = await api.ask({ path: '/openapi/v3' });
    for (const { serverRelativeURL } of Object.values<any>(index.json.paths)) {
      const { json, text, status } = await api.ask({ path: serverRelativeURL });
      expect(status).toBe(200);
      const wanted = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
        (match) => match[1],
      );
      const missing = wanted.filter((name) => json.components.schemas[name!] === undefined);
      expect(missing).toEqual([]);
      const [path] = serverRelativeURL.split('?');
      const moved = await api.ask({ path: `${path}?hash=OLD` });
      expect(moved.headers['location']).toBe(serverRelativeURL);
    }
  });

  it('says that Lamina is served, not Kubernetes itself', async () => {
    const { json } = await api.ask({ path: '/version' });
    expect(json.gitVersion).toBe('v1.36.0+lamina.1.2.3');
  });
});
