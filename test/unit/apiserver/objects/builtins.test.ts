import type { ApiServerCore } from '../../../../src/apiserver/open.ts';
import { body, collection, copyOf, key, openCore, refusal } from '../../../support/api-core.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../../support/runner.ts';

let core: ApiServerCore;
beforeEach(async () => {
  core = await openCore();
});
afterEach(() => core.close());

const create = (kind: string, name: string, fields = {}, metadata = {}) =>
  core.service.create(collection(core, kind), { ...body(kind, name, metadata), ...fields });
const update = (kind: string, name: string, fields: object) =>
  core.service.update(key(core, kind, name), { ...body(kind, name), ...fields });

describe('secrets', () => {
  it('take text into data, which it overrides, and are Opaque by default', async () => {
    const { document } = await create('Secret', 's', {
      data: { a: 'YQ==', b: 'Yg==' },
      stringData: { b: 'é', c: '' },
    });
    expect(document.object).toMatchObject({
      type: 'Opaque',
      data: { a: 'YQ==', b: Buffer.from('é').toString('base64'), c: '' },
    });
    expect(document.object).not.toHaveProperty('stringData');
  });

  it.each([
    ['data that is not base64', 400, { data: { a: 'a' } }, 'illegal base64'],
    ['data that is not text', 400, { data: { a: 1 } }, 'data.a'],
    ['a bad key', 422, { data: { 'a/b': '' } }, 'data[a/b]: Invalid value'],
    [
      'more than 1 MiB',
      422,
      { data: { a: Buffer.alloc(1_048_577).toString('base64') } },
      'data: Too long: may not be more than 1048576 bytes',
    ],
    [
      'a TLS secret without key',
      422,
      { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } },
      'data[tls.key]: Required value',
    ],
  ])('refuse %s', async (_why, code, fields, message) => {
    const status = await refusal(create('Secret', 's', fields));
    expect(status.code).toBe(code);
    expect(status.message).toContain(message);
  });

  it('never change their type', async () => {
    await create('Secret', 's');
    const status = await refusal(update('Secret', 's', { type: 'x' }));
    expect(status).toMatchObject({ code: 422 });
    expect(status.message).toContain('type: Invalid value: "x": field is immutable');
  });
});

describe.each(['Secret', 'ConfigMap'])('an immutable %s', (kind) => {
  it('changes neither its data nor its mark, but its labels', async () => {
    await create(kind, 'i', { immutable: true, data: { a: 'YQ==' } });
    for (const fields of [{ immutable: true, data: {} }, { data: { a: 'YQ==' } }]) {
      const status = await refusal(update(kind, 'i', fields));
      expect(status.code).toBe(422);
      expect(status.message).toContain('Forbidden: field is immutable when `immutable` is set');
    }
    const patch = { type: 'merge', body: { metadata: { labels: { a: 'b' } } } } as const;
    const { document } = await core.service.patch(key(core, kind, 'i'), patch);
    expect(document.object.metadata.labels).toEqual({ a: 'b' });
  });
});

describe('config maps', () => {
  it.each([
    ['a key twice', { data: { a: '' }, binaryData: { a: '' } }, 'duplicate of key present'],
    ['a bad key', { data: { '..': '' } }, "must not be '..'"],
  ])('refuse %s', async (_why, fields, message) => {
    const status = await refusal(create('ConfigMap', 'c', fields));
    expect(status.code).toBe(422);
    expect(status.message).toContain(message);
  });

  it('have no generation and refuse unknown fields under Strict', async () => {
    const { document } = await create('ConfigMap', 'c');
    expect(document.object.metadata.generation).toBeUndefined();
    const sent = { ...body('ConfigMap', 'd'), spec: {} };
    const strict = { fieldValidation: 'Strict' } as const;
    const status = await refusal(core.service.create(collection(core, 'ConfigMap'), sent, strict));
    expect(status.message).toContain('unknown field "spec"');
  });

  it('merge strategically, as kubectl apply does', async () => {
    await create('ConfigMap', 'c', { data: { a: '1', b: '2' } });
    const { document } = await core.service.patch(key(core, 'ConfigMap', 'c'), {
      type: 'strategic',
      body: { data: { a: null, c: '3' }, metadata: { annotations: { x: 'y' } } },
    });
    expect(document.object).toMatchObject({
      data: { b: '2', c: '3' },
      metadata: { annotations: { x: 'y' } },
    });
  });
});

describe('leases', () => {
  it('keep microseconds digit for digit', async () => {
    const spec = { holderIdentity: 'x', renewTime: '2026-01-02T03:04:05.678900Z' };
    const { document } = await create('Lease', 'l', { spec });
    expect(document.object['spec']).toEqual(spec);
  });

  it.each([
    [422, { leaseDurationSeconds: 0 }],
    [422, { leaseTransitions: -1 }],
    [400, { leaseDurationSeconds: 1.5 }],
    [400, { renewTime: 'yesterday' }],
  ])('answer %i to %j', async (code, spec) => {
    expect((await refusal(create('Lease', 'l', { spec }))).code).toBe(code);
  });

  it('are not overwritten without a resourceVersion', async () => {
    await create('Lease', 'l');
    expect((await refusal(update('Lease', 'l', { spec: {} }))).code).toBe(422);
  });
});

describe('events', () => {
  it('lie in the namespace of what they are about', async () => {
    const involvedObject = { kind: 'AppLayer', name: 'a', namespace: 'other' };
    const status = await refusal(create('Event', 'e', { involvedObject }));
    expect(status.message).toContain(
      'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
    );
  });

  it('about cluster-scoped objects lie in default', async () => {
    const { document } = await create('Event', 'e', { involvedObject: { kind: 'Namespace' } });
    expect(document.object.metadata.namespace).toBe('default');
  });
});

describe('namespaces', () => {
  it('are there from the start, with the default one undeletable', async () => {
    const { object } = await core.service.get(key(core, 'Namespace', 'default'));
    expect(object).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'default' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    expect(await refusal(core.service.remove(key(core, 'Namespace', 'default')))).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: 'namespaces "default" is forbidden: this namespace may not be deleted',
    });
  });

  it('keep what is the server’s', async () => {
    await create('Namespace', 'n', { spec: { finalizers: [] }, status: { phase: 'Terminating' } });
    const next = copyOf(await core.service.get(key(core, 'Namespace', 'n')));
    next.metadata['labels'] = { own: 'x' };
    next['spec'] = {};
    next['status'] = {};
    const { document } = await core.service.update(key(core, 'Namespace', 'n'), next);
    expect(document.object).toMatchObject({
      metadata: { labels: { own: 'x', 'kubernetes.io/metadata.name': 'n' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  });

  it('have names that are DNS labels', async () => {
    const status = await refusal(create('Namespace', 'a.b'));
    expect(status.message).toContain('must not contain dots');
  });
});
