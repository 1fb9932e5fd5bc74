import type { ApiServerCore } from '../../../../src/apiserver/open.ts';
import { body, collection, copyOf, key, openCore, refusal } from '../../../support/api-core.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../../support/runner.ts';

let core: ApiServerCore;
beforeEach(async () => {
  core = await openCore();
});
afterEach(() => core.close());

const create = (kind: string, sent: unknown, options = {}) =>
  core.service.create(collection(core, kind), sent, options);
const app = (name = 'a', metadata = {}) => create('AppLayer', body('AppLayer', name, metadata));
const appKey = (name = 'a') => key(core, 'AppLayer', name);

describe('what the server sets', () => {
  it('ignores what clients may not decide', async () => {
    const { document } = await app('a', {
      uid: 'mine',
      generation: 7,
      creationTimestamp: '2001-01-01T00:00:00Z',
      deletionTimestamp: '2001-01-01T00:00:00Z',
      selfLink: '/x',
      managedFields: [{ manager: 'x' }],
    });
    const { metadata } = document.object;
    expect(metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(metadata.generation).toBe(1);
    expect(metadata.creationTimestamp).not.toBe('2001-01-01T00:00:00Z');
    expect(Object.keys(metadata).sort()).toEqual([
      'creationTimestamp',
      'generation',
      'managedFields',
      'name',
      'namespace',
      'resourceVersion',
      'uid',
    ]);
    expect(metadata.resourceVersion).toMatch(/^\d+$/);
  });

  it('gives a recreated object a new uid and a higher resourceVersion', async () => {
    const first = (await app()).document.object.metadata;
    await core.service.remove(appKey());
    const second = (await app()).document.object.metadata;
    expect(second.uid).not.toBe(first.uid);
    expect(Number(second.resourceVersion)).toBeGreaterThan(Number(first.resourceVersion));
  });

  it('completes generateName', async () => {
    const { document } = await app('', { generateName: 'x-' });
    expect(document.object.metadata.name).toMatch(/^x-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('says that nobody looked yet, whatever status was sent', async () => {
    const sent = { ...body('AppLayer', 'a'), status: { observedGeneration: 5 } };
    const { document } = await create('AppLayer', sent);
    expect(document.object['status']).toEqual({ observedGeneration: -1 });
  });

  it('drops unknown fields, and names them as warnings', async () => {
    const sent = body('AppLayer', 'a', { nonsense: 1 });
    (sent['spec'] as Record<string, unknown>)['foo'] = 1;
    const { document, warnings } = await create('AppLayer', sent);
    expect(warnings).toEqual(['unknown field "metadata.nonsense"', 'unknown field "spec.foo"']);
    expect(document.json).not.toMatch(/nonsense|foo/);
  });
});

describe('refused creations', () => {
  const cases: readonly (readonly [string, number, string | undefined, string, unknown])[] = [
    [
      'a resourceVersion',
      500,
      undefined,
      'resourceVersion should not be set',
      { resourceVersion: '1' },
    ],
    [
      'another namespace',
      400,
      'BadRequest',
      'namespace of the provided object does not match',
      { namespace: 'other' },
    ],
    [
      'a name in capitals',
      422,
      'Invalid',
      'AppLayer.lamina.dev "A" is invalid: metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain',
      { name: 'A' },
    ],
    ['no name', 422, 'Invalid', 'name or generateName is required', { name: '' }],
    [
      'a name of 254 letters',
      422,
      'Invalid',
      'must be no more than 253 characters',
      { name: 'a'.repeat(254) },
    ],
    [
      'a bad label key',
      422,
      'Invalid',
      'metadata.labels: Invalid value: "-x": name part must consist',
      { labels: { '-x': 'y' } },
    ],
    [
      'a bad label value',
      422,
      'Invalid',
      'metadata.labels: Invalid value: "a b": a valid label must',
      { labels: { x: 'a b' } },
    ],
    [
      'a label value of 64 letters',
      422,
      'Invalid',
      'must be no more than 63 bytes',
      { labels: { x: 'a'.repeat(64) } },
    ],
    ['a label that is a number', 400, 'BadRequest', 'metadata.labels.x', { labels: { x: 1 } }],
    [
      'two slashes in a key',
      422,
      'Invalid',
      'metadata.annotations: Invalid value: "a/b/c"',
      { annotations: { 'a/b/c': '' } },
    ],
    [
      'more annotations than fit',
      422,
      'Invalid',
      'metadata.annotations: Too long: may not be more than 262144 bytes',
      { annotations: { a: 'x'.repeat(262_144) } },
    ],
    [
      'an owner without uid',
      422,
      'Invalid',
      'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
      { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: '' }] },
    ],
    [
      'two controllers',
      422,
      'Invalid',
      'Only one reference can have Controller set to true',
      {
        ownerReferences: ['x', 'y'].map((name) => ({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          name,
          uid: name,
          controller: true,
        })),
      },
    ],
    [
      'a bad finalizer',
      422,
      'Invalid',
      'metadata.finalizers: Invalid value: "a b"',
      { finalizers: ['a b'] },
    ],
  ];
  it.each(cases)('%s', async (...[, code, reason, message, metadata]) => {
    const status = await refusal(create('AppLayer', body('AppLayer', 'a', metadata as never)));
    expect(status).toMatchObject({ code, reason });
    expect(status.message).toContain(message);
  });

  it.each([
    ['nothing', null],
    ['a list', []],
    ['no kind', { apiVersion: 'lamina.dev/v1alpha1', metadata: { name: 'a' } }],
    ['another version', { ...body('AppLayer', 'a'), apiVersion: 'lamina.dev/v1' }],
    ['metadata that is text', { ...body('AppLayer', 'a'), metadata: 'a' }],
    ['an integer beyond 2^53', { ...body('AppLayer', 'a'), spec: { n: 2 ** 53 } }],
    ['a prototype', { ...body('AppLayer', 'a'), spec: JSON.parse('{"__proto__":{}}') as unknown }],
    [
      'depth',
      {
        ...body('AppLayer', 'a'),
        spec: JSON.parse('['.repeat(9999) + ']'.repeat(9999)) as unknown,
      },
    ],
  ])('a body with %s is a 400', async (_why, sent) => {
    expect(await refusal(create('AppLayer', sent))).toMatchObject({
      code: 400,
      reason: 'BadRequest',
    });
  });

  it('names every bad field in its causes', async () => {
    const sent = { ...body('AppLayer', 'a', { labels: { é: '' } }), spec: { osLayer: {} } };
    const { details, code } = await refusal(create('AppLayer', sent));
    expect(code).toBe(422);
    expect(details).toMatchObject({ name: 'a', group: 'lamina.dev', kind: 'AppLayer' });
    expect(details?.causes?.map(({ reason, field }) => `${reason} ${field}`)).toEqual([
      'FieldValueInvalid metadata.labels',
      'FieldValueRequired spec.osLayer.name',
      'FieldValueRequired spec.packaging',
      'FieldValueRequired spec.versions',
      'FieldValueInvalid <nil>',
    ]);
  });

  it('a taken name', async () => {
    await app();
    expect(await refusal(app())).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'applayers.lamina.dev "a" already exists',
      details: { name: 'a', group: 'lamina.dev', kind: 'applayers' },
    });
  });

  it('a namespace that is not there', async () => {
    const there = collection(core, 'AppLayer', 'nowhere');
    const status = await refusal(core.service.create(there, body('AppLayer', 'a')));
    expect(status).toMatchObject({ code: 404, message: 'namespaces "nowhere" not found' });
  });

  it('unknown and repeated fields under Strict', async () => {
    const sent = body('AppLayer', 'a');
    (sent['spec'] as Record<string, unknown>)['x'] = 1;
    const options = { fieldValidation: 'Strict', duplicates: ['spec.osLayer'] };
    const { code, message } = await refusal(create('AppLayer', sent, options));
    expect(code).toBe(400);
    expect(message).toContain(
      'strict decoding error: duplicate field "spec.osLayer", unknown field "spec.x"',
    );
  });
});

describe('updates', () => {
  it('count generations by the spec alone, and write nothing when nothing changed', async () => {
    const { document } = await app();
    const next = copyOf(document);
    const same = await core.service.update(appKey(), next);
    expect(same.document.object.metadata.resourceVersion).toBe(next.metadata['resourceVersion']);
    next.metadata['labels'] = { a: 'b' };
    const labelled = copyOf((await core.service.update(appKey(), next)).document);
    expect(labelled.metadata).toMatchObject({ generation: 1, labels: { a: 'b' } });
    labelled['spec'].displayName = 'A';
    const changed = copyOf((await core.service.update(appKey(), labelled)).document);
    expect(changed.metadata['generation']).toBe(2);
    changed['status'] = { observedGeneration: 2 };
    const status = await core.service.update(appKey(), changed, { subresource: 'status' });
    expect(status.document.object.metadata.generation).toBe(2);
  });

  it('keep status and spec apart', async () => {
    const first = copyOf((await app()).document);
    first['status'] = { observedGeneration: 9 };
    first['spec'].displayName = 'A';
    const main = copyOf((await core.service.update(appKey(), first)).document);
    expect(main['status']).toEqual({ observedGeneration: -1 });
    main['status'] = { observedGeneration: 9 };
    main['spec'].displayName = 'B';
    main.metadata['labels'] = { no: 'no' };
    main.metadata['finalizers'] = ['lamina.dev/x'];
    const { document } = await core.service.update(appKey(), main, { subresource: 'status' });
    expect(document.object).toMatchObject({
      status: { observedGeneration: 9 },
      spec: { displayName: 'A' },
    });
    expect(document.object.metadata.labels).toBeUndefined();
    expect(document.object.metadata.finalizers).toBeUndefined();
  });

  it('refuse a wrong status, and nothing else, on the status endpoint', async () => {
    const next = copyOf((await app()).document);
    next['status'] = { observedGeneration: 'x' };
    const status = await refusal(core.service.update(appKey(), next, { subresource: 'status' }));
    expect(status.code).toBe(422);
    expect(status.message).toContain('status.observedGeneration');
  });

  it.each([
    ['a stale resourceVersion', { resourceVersion: '1' }, 409, 'the object has been modified'],
    [
      'no resourceVersion',
      { resourceVersion: '' },
      422,
      'metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    ],
    ['another uid', { uid: 'x' }, 409, 'Precondition failed: UID in precondition: x'],
    [
      'another name',
      { name: 'b' },
      400,
      'the name of the object (b) does not match the name on the URL (a)',
    ],
    [
      'a deletion',
      { deletionTimestamp: '2001-01-01T00:00:00Z' },
      422,
      'metadata.deletionTimestamp',
    ],
  ])('refuse %s', async (_why, metadata, code, message) => {
    const next = copyOf((await app()).document);
    Object.assign(next.metadata, metadata);
    const status = await refusal(core.service.update(appKey(), next));
    expect(status).toMatchObject({ code });
    expect(status.message).toContain(message);
  });

  it('overwrite built-in objects without a resourceVersion', async () => {
    await create('ConfigMap', { ...body('ConfigMap', 'c'), data: { a: '1' } });
    const sent = { ...body('ConfigMap', 'c'), data: { a: '2' } };
    const { document } = await core.service.update(key(core, 'ConfigMap', 'c'), sent);
    expect(document.object['data']).toEqual({ a: '2' });
  });

  it('do not find what is not there', async () => {
    expect(await refusal(core.service.update(appKey(), body('AppLayer', 'a')))).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'applayers.lamina.dev "a" not found',
    });
  });
});

describe('dry runs', () => {
  it('check everything and store nothing', async () => {
    const dryRun = { dryRun: true };
    const made = await create('AppLayer', body('AppLayer', 'a'), dryRun);
    expect(made.document.object.metadata).toMatchObject({ name: 'a', generation: 1 });
    expect((await refusal(core.service.get(appKey()))).code).toBe(404);
    const { document } = await app();
    expect((await refusal(create('AppLayer', body('AppLayer', 'a'), dryRun))).code).toBe(409);
    const patch = { type: 'merge', body: { spec: { displayName: 'B' } } } as const;
    const patched = await core.service.patch(appKey(), patch, dryRun);
    expect(patched.document.object).toMatchObject({
      metadata: { generation: 2 },
      spec: { displayName: 'B' },
    });
    expect((await core.service.remove(appKey(), dryRun)).gone).toBe(true);
    expect((await core.service.get(appKey())).json).toBe(document.json);
  });
});

describe('writes of one turn', () => {
  it('see each other: of two that know the same revision, one loses', async () => {
    const next = copyOf((await app()).document);
    const writes = ['x', 'y'].map((displayName) =>
      core.service.update(appKey(), { ...next, spec: { ...next['spec'], displayName } }),
    );
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('create a name once', async () => {
    const outcomes = await Promise.allSettled([app(), app(), app()]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
