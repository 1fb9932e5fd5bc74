import type { ApiServerCore } from '../../../../src/apiserver/open.ts';
import { body, collection, copyOf, key, openCore, refusal } from '../../../support/api-core.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../../support/runner.ts';

let core: ApiServerCore;
beforeEach(async () => {
  core = await openCore();
});
afterEach(() => core.close());

const create = (name: string, metadata = {}) =>
  core.service.create(collection(core, 'AppLayer'), body('AppLayer', name, metadata));
const appKey = (name = 'a') => key(core, 'AppLayer', name);
const remove = (name: string, options = {}) => core.service.remove(appKey(name), options);

describe('a deletion', () => {
  it('without finalizers ends the object and answers with its last state', async () => {
    const { document } = await create('a');
    const result = await remove('a');
    expect(result.gone).toBe(true);
    expect(result.document.object.metadata.uid).toBe(document.object.metadata.uid);
    expect((await refusal(core.service.get(appKey()))).code).toBe(404);
    expect((await refusal(remove('a'))).code).toBe(404);
  });

  it('with finalizers marks the object once, until the last of them is gone', async () => {
    await create('a', { finalizers: ['lamina.dev/x', 'lamina.dev/y'] });
    const { gone, document } = await remove('a');
    expect(gone).toBe(false);
    expect(document.object.metadata).toMatchObject({
      generation: 2,
      deletionGracePeriodSeconds: 0,
      deletionTimestamp: expect.stringMatching(/Z$/),
    });
    expect((await remove('a')).document.json).toBe(document.json);
    const next = copyOf(document);
    next.metadata['finalizers'] = ['lamina.dev/y'];
    const half = copyOf((await core.service.update(appKey(), next)).document);
    half.metadata['finalizers'] = [];
    await core.service.update(appKey(), half);
    expect((await refusal(core.service.get(appKey()))).code).toBe(404);
  });

  it('in progress takes no new finalizers', async () => {
    await create('a', { finalizers: ['lamina.dev/x'] });
    const next = copyOf((await remove('a')).document);
    next.metadata['finalizers'].push('lamina.dev/y');
    const status = await refusal(core.service.update(appKey(), next));
    expect(status.message).toContain(
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"lamina.dev/y"}',
    );
  });

  it('does not happen by removing the finalizers of a living object', async () => {
    const next = copyOf((await create('a', { finalizers: ['lamina.dev/x'] })).document);
    next.metadata['finalizers'] = [];
    await core.service.update(appKey(), next);
    expect((await core.service.get(appKey())).object.metadata.finalizers).toBeUndefined();
  });

  it.each([
    ['uid', { uid: 'x' }],
    ['resourceVersion', { resourceVersion: '1' }],
  ])('holds to its precondition on %s', async (_what, preconditions) => {
    await create('a');
    expect(await refusal(remove('a', { preconditions }))).toMatchObject({ code: 409 });
    const { uid, resourceVersion } = (await core.service.get(appKey())).object.metadata;
    const right = await remove('a', { preconditions: { uid, resourceVersion } });
    expect(right.gone).toBe(true);
  });
});

describe('the deletion of a collection', () => {
  it('takes what is selected and answers with it', async () => {
    const labels = { x: '1' };
    const finalizers = ['lamina.dev/x'];
    await Promise.all([
      create('a', { labels }),
      create('b', { labels, finalizers }),
      create('c', { finalizers }),
      create('d'),
    ]);
    const all = collection(core, 'AppLayer');
    const removed = await core.service.deleteCollection(all, { labelSelector: 'x=1' });
    expect(removed.items.map(({ object }) => object.metadata.name)).toEqual(['a', 'b']);
    const { items } = await core.service.list(all);
    const left = items.map(
      ({ object: { metadata } }) => `${metadata.name} ${metadata.deletionTimestamp !== undefined}`,
    );
    expect(left).toEqual(['b true', 'c false', 'd false']);
  });

  it('goes beyond one chunk', async () => {
    await Promise.all(Array.from({ length: 450 }, (_, index) => create(`n${index}`)));
    const all = collection(core, 'AppLayer');
    expect((await core.service.deleteCollection(all)).items).toHaveLength(450);
    expect((await core.service.list(all)).items).toEqual([]);
  });
});
