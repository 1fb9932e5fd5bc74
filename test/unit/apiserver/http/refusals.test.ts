import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from '../../../support/runner.ts';
import { property } from '../../../support/soak.ts';
import { fill, layer, LAYERS, MAPS, openApi, TABLE, type, type Ask } from './api.ts';

let api: Awaited<ReturnType<typeof openApi>>;

beforeAll(async () => {
  api = await openApi();
  await fill(api.ask);
});

afterAll(() => api.close());

interface Refusal extends Ask {
  readonly why: string;
  readonly code: number;
  readonly reason: string;
}

const REFUSALS: readonly Refusal[] = [
  { why: 'an unknown path', path: '/nothing', code: 404, reason: 'NotFound' },
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
    code: 404,
    reason: 'NotFound',
  },
  {
    why: 'emptying all namespaces at once',
    method: 'DELETE',
    path: '/apis/lamina.dev/v1alpha1/oslayers',
    code: 404,
    reason: 'NotFound',
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
    why: 'server-side apply in CBOR',
    method: 'PATCH',
    path: `${LAYERS}/kept`,
    headers: type('application/apply-patch+cbor'),
    body: '{}',
    code: 415,
    reason: 'UnsupportedMediaType',
  },
  {
    why: 'server-side apply by nobody',
    method: 'PATCH',
    path: `${LAYERS}/kept`,
    headers: type('application/apply-patch+yaml'),
    body: '{}',
    code: 422,
    reason: 'Invalid',
  },
  {
    why: 'force without server-side apply',
    method: 'PATCH',
    path: `${LAYERS}/kept?force=true`,
    headers: type('application/merge-patch+json'),
    body: '{}',
    code: 422,
    reason: 'Invalid',
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

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

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
      'api',
      'apis',
      'v1',
      'namespaces',
      'default',
      'configmaps',
      'kept',
      'status',
      '',
      '..',
      'lamina.dev',
      'v1alpha1',
      'oslayers',
      '%00',
      '%2f',
      '__proto__',
      'constructor',
    );
    const query = fc.constantFrom(
      '',
      '?watch=0',
      '?limit=1',
      '?continue=x',
      '?resourceVersion=y',
      '?labelSelector=%',
      '?fieldSelector==',
      '?dryRun=All',
      '?pretty=true',
      '?includeObject=',
    );
    const method = fc.constantFrom(...METHODS);
    const media = fc.constantFrom(
      'application/json',
      'application/merge-patch+json',
      'application/json-patch+json',
      'application/strategic-merge-patch+json',
      'application/vnd.kubernetes.protobuf',
      '',
      ';',
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
          method,
          path: `/${segments.join('/')}${query}`,
          headers: type(media),
          body,
        });
        expect(status).toBeLessThan(500);
        if (status >= 400) expect(json).toMatchObject({ kind: 'Status', code: status });
      }),
      property(10_000),
    );
    expect((await api.ask({ path: '/readyz' })).text).toBe('ok');
  });
});
