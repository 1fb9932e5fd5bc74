import { afterAll, beforeAll, describe, expect, it } from '../../../support/runner.ts';
import { fill, layer, LAYERS, MAPS, openApi, PARTIAL, PARTIALS, TABLE } from './api.ts';

let api: Awaited<ReturnType<typeof openApi>>;

beforeAll(async () => {
  api = await openApi();
  await fill(api.ask);
});

afterAll(() => api.close());

/** Names of groups in either form. */
const names = (groups: { name?: string; metadata?: { name: string } }[]) =>
  groups.map((group) => group.name ?? group.metadata?.name);

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

describe('what describes the server', () => {
  it('is the same in both forms of discovery', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const { json, headers } = await api.ask({ path: '/apis', headers: { accept } });
    expect(headers['content-type']).toBe(accept);
    const plain = await api.ask({ path: '/apis' });
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

  it('has an OpenAPI v2 document whose references all resolve', async () => {
    const { json, text } = await api.ask({ path: '/openapi/v2' });
    const wanted = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]);
    const there = Object.keys(json.definitions).map((name) => `#/definitions/${name}`);
    expect(there).toEqual(expect.arrayContaining(wanted));
    expect(wanted.length).toBeGreaterThan(0);
  });

  it('says that Lamina is served, not Kubernetes itself', async () => {
    const { json } = await api.ask({ path: '/version' });
    expect(json.gitVersion).toBe('v1.36.0+lamina.1.2.3');
  });
});
