import type { ApiServerCore } from '../../../../src/apiserver/open.ts';
import type { PatchType } from '../../../../src/apiserver/model/service.ts';
import { body, collection, key, openCore, refusal } from '../../../support/api-core.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../../support/runner.ts';

let core: ApiServerCore;
beforeEach(async () => {
  core = await openCore();
  await core.service.create(collection(core, 'AppLayer'), body('AppLayer', 'a'));
});
afterEach(() => core.close());

const patch = (type: PatchType, sent: unknown, options = {}) =>
  core.service.patch(key(core, 'AppLayer', 'a'), { type, body: sent }, options);

describe('a patch of an object', () => {
  it('removes what a merge patch sets to null', async () => {
    await patch('merge', { metadata: { labels: { a: '1', b: '2' } } });
    const { document } = await patch('merge', { metadata: { labels: { a: null } } });
    expect(document.object.metadata.labels).toEqual({ b: '2' });
  });

  it('changes the status alone on the status endpoint', async () => {
    const sent = { status: { observedGeneration: 1 }, spec: { displayName: 'x' } };
    const { document } = await patch('merge', sent, { subresource: 'status' });
    expect(document.object['status']).toEqual({ observedGeneration: 1 });
    expect(document.object['spec']).not.toHaveProperty('displayName');
    expect(document.object.metadata.generation).toBe(1);
  });

  it('is a conflict when it names another revision', async () => {
    const sent = { metadata: { resourceVersion: '1' } };
    expect(await refusal(patch('merge', sent))).toMatchObject({ code: 409, reason: 'Conflict' });
    const status = await refusal(patch('merge', sent, { subresource: 'status' }));
    expect(status.code).toBe(409);
  });

  it('cannot give another uid', async () => {
    expect((await refusal(patch('merge', { metadata: { uid: 'x' } }))).code).toBe(422);
  });

  it('cannot rename', async () => {
    expect((await refusal(patch('merge', { metadata: { name: 'b' } }))).code).toBe(400);
  });

  it('applies a JSON patch whole or not at all', async () => {
    const operations = [
      { op: 'add', path: '/metadata/labels', value: { a: '1' } },
      { op: 'test', path: '/metadata/name', value: 'b' },
    ];
    const status = await refusal(patch('json', operations));
    const message = 'the patch cannot be applied: testing value /metadata/name failed';
    expect(status).toMatchObject({ code: 422, reason: 'Invalid', message });
    const found = await core.service.get(key(core, 'AppLayer', 'a'));
    expect(found.object.metadata.labels).toBeUndefined();
  });

  it('judges the result', async () => {
    const { code, details } = await refusal(patch('merge', { spec: { versions: 'x' } }));
    expect(code).toBe(422);
    expect(details?.causes?.[0]?.field).toBe('spec.versions');
  });

  it.each([
    ['Strict', 422],
    ['Warn', 0],
  ])('names unknown fields under %s', async (fieldValidation, code) => {
    const request = patch('merge', { spec: { nope: 1 } }, { fieldValidation });
    if (code !== 0) expect((await refusal(request)).code).toBe(code);
    else expect((await request).warnings).toEqual(['unknown field "spec.nope"']);
  });

  it('cannot be strategic on our own kinds', async () => {
    expect(await refusal(patch('strategic', {}))).toMatchObject({
      code: 415,
      reason: 'UnsupportedMediaType',
    });
  });

  it.each([
    ['merge', []],
    ['merge', 'x'],
    ['json', {}],
  ] as const)('of type %s refuses the body %j', async (type, sent) => {
    expect((await refusal(patch(type, sent))).code).toBe(400);
  });

  it('of something missing is a 404', async () => {
    const missing = key(core, 'AppLayer', 'x');
    const request = core.service.patch(missing, { type: 'merge', body: {} });
    expect((await refusal(request)).code).toBe(404);
  });
});
