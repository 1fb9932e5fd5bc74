import { join } from 'node:path';
import type { ApiServerCore } from '../../../../src/apiserver/open.ts';
import type { Document } from '../../../../src/apiserver/model/object.ts';
import { body, collection, copyOf, key, openCore, refusal } from '../../../support/api-core.ts';
import { ManualClock } from '../../../support/clock.ts';
import { idle } from '../../../support/eventually.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../../support/runner.ts';
import { until } from '../../../support/until.ts';

let core: ApiServerCore;
beforeEach(async () => {
  core = await openCore();
});
afterEach(() => core.close());

const create = async (name: string, metadata = {}, namespace = 'default') => {
  const where = collection(core, 'ConfigMap', namespace);
  return (await core.service.create(where, body('ConfigMap', name, metadata))).document;
};
const remove = (name: string, options = {}) =>
  core.service.remove(key(core, 'ConfigMap', name), options);

function owner({ object }: Document, more = {}) {
  const { apiVersion, kind, metadata } = object;
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, ...more };
}

async function names(namespace = 'default'): Promise<string> {
  const { items } = await core.service.list(collection(core, 'ConfigMap', namespace));
  return items.map(({ object }) => object.metadata.name).join(' ');
}

/** Waits until the collector has nothing to do; then what is left stays. */
async function left(expected: string): Promise<void> {
  await until(`only ${expected} is left`, async () => (await names()) === expected);
  await idle();
  expect(await names()).toBe(expected);
}

describe('in the background', () => {
  it('dependents go, and theirs after them', async () => {
    const a = await create('a');
    const b = await create('b', { ownerReferences: [owner(a)] });
    await create('c', { ownerReferences: [owner(b)] });
    await create('other');
    await remove('a');
    await left('other');
  });

  it('dependents stay while an owner is left, which is then their only one', async () => {
    const [a, b] = [await create('a'), await create('b')];
    await create('c', { ownerReferences: [owner(a), owner(b)] });
    await remove('a');
    const reference = async () =>
      (await core.service.get(key(core, 'ConfigMap', 'c'))).object.metadata.ownerReferences;
    await until('the owner is forgotten', async () => (await reference())?.length === 1);
    expect(await reference()).toEqual([owner(b)]);
    await remove('b');
    await left('');
  });

  it.each([
    { kind: 'Namespace', name: 'default' },
    { kind: 'CustomResourceDefinition', name: 'oslayers.lamina.dev' },
  ])('the $kind that may not go does not hold up what may', async ({ kind, name }) => {
    const gone = { apiVersion: 'v1', kind: 'Namespace', name: 'gone', uid: 'nobody' };
    await core.service.patch(key(core, kind, name), {
      type: 'merge',
      body: { metadata: { ownerReferences: [gone] } },
    });
    const a = await create('a');
    // The last of the kinds in the order in which they are looked through.
    const secrets = collection(core, 'Secret');
    await core.service.create(secrets, body('Secret', 'b', { ownerReferences: [owner(a)] }));
    await remove('a');
    const secretsLeft = async () => (await core.service.list(secrets)).items.length;
    await until('the secret is gone', async () => (await secretsLeft()) === 0);
    const { metadata } = (await core.service.get(key(core, kind, name))).object;
    expect(metadata.ownerReferences).toEqual([gone]);
  });

  it('what counts is who owns an object now, not who did when it was made', async () => {
    const a = await create('a');
    await create('adopted');
    await create('freed', { ownerReferences: [owner(a)] });
    const owners = (name: string, ownerReferences: unknown) =>
      core.service.patch(key(core, 'ConfigMap', name), {
        type: 'merge',
        body: { metadata: { ownerReferences } },
      });
    await owners('adopted', [owner(a)]);
    await owners('freed', null);
    await remove('a');
    await left('freed');
  });

  it('finalizers of dependents are respected', async () => {
    const a = await create('a');
    await create('b', { ownerReferences: [owner(a)], finalizers: ['lamina.dev/x'] });
    await remove('a');
    const find = () => core.service.get(key(core, 'ConfigMap', 'b'));
    await until(
      'b is being deleted',
      async () => (await find()).object.metadata.deletionTimestamp !== undefined,
    );
    const next = copyOf(await find());
    next.metadata['finalizers'] = [];
    await core.service.update(key(core, 'ConfigMap', 'b'), next);
    await left('');
  });

  it.each([
    ['was never there', { uid: 'never' }, ''],
    ['is another object of that name', { name: 'keep', uid: 'never' }, 'keep'],
    ['is of another kind', { kind: 'Secret' }, ''],
  ])('an object whose owner %s goes', async (_why, more, expected) => {
    const a = await create('a');
    if (expected !== '') await create(expected);
    await create('b', { ownerReferences: [owner(a, more)] });
    await remove('a');
    await left(expected);
  });

  it('an owner in another namespace does not count', async () => {
    await core.service.create(collection(core, 'Namespace'), body('Namespace', 'n'));
    const far = await create('far', {}, 'n');
    await create('b', { ownerReferences: [owner(far)] });
    await left('');
  });

  it('an owner of a kind that is not served is left alone', async () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'p' };
    await create('b', { ownerReferences: [pod] });
    await idle(200);
    expect(await names()).toBe('b');
  });
});

describe('in the foreground', () => {
  it('an owner waits for dependents that block it', async () => {
    const a = await create('a');
    const blocking = { ownerReferences: [owner(a, { blockOwnerDeletion: true })] };
    await create('b', { ...blocking, finalizers: ['lamina.dev/x'] });
    await create('c', blocking);
    const { gone, document } = await remove('a', { propagationPolicy: 'Foreground' });
    expect(gone).toBe(false);
    expect(document.object.metadata.finalizers).toEqual(['foregroundDeletion']);
    await left('a b');
    const next = copyOf(await core.service.get(key(core, 'ConfigMap', 'b')));
    next.metadata['finalizers'] = [];
    await core.service.update(key(core, 'ConfigMap', 'b'), next);
    await left('');
  });

  it('an owner does not wait for others', async () => {
    const a = await create('a');
    const held = { ownerReferences: [owner(a)], finalizers: ['lamina.dev/x'] };
    await create('b', held);
    await remove('a', { propagationPolicy: 'Foreground' });
    await left('b');
  });
});

describe('orphaning', () => {
  it('leaves dependents without owner references', async () => {
    const a = await create('a');
    await create('b', { ownerReferences: [owner(a)] });
    await remove('a', { propagationPolicy: 'Orphan' });
    await left('b');
    const { metadata } = (await core.service.get(key(core, 'ConfigMap', 'b'))).object;
    expect(metadata).not.toHaveProperty('ownerReferences');
  });
});

const namespace = () => core.service.get(key(core, 'Namespace', 'n'));
const conditions = async () =>
  ((await namespace()).object['status'] as { conditions?: { message: string }[] }).conditions;

describe('namespaces', () => {
  beforeEach(async () => {
    await core.service.create(collection(core, 'Namespace'), body('Namespace', 'n'));
  });

  it('take their content with them', async () => {
    await Promise.all(Array.from({ length: 250 }, (_, index) => create(`c${index}`, {}, 'n')));
    const { gone, document } = await core.service.remove(key(core, 'Namespace', 'n'));
    expect(gone).toBe(false);
    expect(document.object['status']).toMatchObject({ phase: 'Terminating' });
    const status = await refusal(create('late', {}, 'n'));
    expect(status).toMatchObject({
      code: 403,
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    });
    await until('n is gone', async () =>
      namespace().then(
        () => false,
        () => true,
      ),
    );
    expect(await names('n')).toBe('');
  });

  it('say what holds them', async () => {
    await create('held', { finalizers: ['lamina.dev/x'] }, 'n');
    await core.service.remove(key(core, 'Namespace', 'n'));
    await until('a condition is there', async () => (await conditions()) !== undefined);
    expect((await conditions())?.at(-1)).toMatchObject({
      type: 'NamespaceFinalizersRemaining',
      status: 'True',
      message: expect.stringContaining('lamina.dev/x in 1 resource instances'),
    });
    const heldKey = { ...collection(core, 'ConfigMap', 'n'), name: 'held' };
    const next = copyOf(await core.service.get(heldKey));
    next.metadata['finalizers'] = [];
    await core.service.update(heldKey, next);
    await until('n is gone', async () =>
      namespace().then(
        () => false,
        () => true,
      ),
    );
  });
});

describe('after a restart', () => {
  it('what was left undone is done', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'api.db');
    const outer = core;
    core = await openCore({ path });
    const a = await create('a');
    // The answer comes before the collector has run: closing now leaves the dependents.
    await Promise.all(
      Array.from({ length: 300 }, (_, i) => create(`d${i}`, { ownerReferences: [owner(a)] })),
    );
    await core.service.create(collection(core, 'Namespace'), body('Namespace', 'n'));
    await create('c', {}, 'n');
    await Promise.all([
      remove('a'),
      core.service.remove(key(core, 'Namespace', 'n')),
      core.close(),
    ]);
    core = await openCore({ path });
    await left('');
    await until('n is gone', async () =>
      core.service.get(key(core, 'Namespace', 'n')).then(
        () => false,
        () => true,
      ),
    );
    await core.close();
    core = outer;
  });
});

describe('events', () => {
  it('go an hour after they were last written', async () => {
    await core.close();
    const clock = new ManualClock();
    core = await openCore({ clock });
    const about = { involvedObject: { kind: 'ConfigMap', name: 'x', namespace: 'default' } };
    const events = collection(core, 'Event');
    for (const name of ['old', 'renewed']) {
      await core.service.create(events, { ...body('Event', name), ...about });
    }
    clock.advance(3_000_000);
    await idle();
    const patch = { type: 'merge', body: { count: 2 } } as const;
    await core.service.patch(key(core, 'Event', 'renewed'), patch);
    clock.advance(700_000);
    await idle();
    const { items } = await core.service.list(events);
    expect(items.map(({ object }) => object.metadata.name)).toEqual(['renewed']);
  });

  it.each([
    { why: 'forward', spanMs: 86_400_000 },
    { why: 'back', spanMs: -86_400_000 },
  ])('are not old because somebody set the clock $why a day', async ({ spanMs }) => {
    await core.close();
    const clock = new ManualClock();
    core = await openCore({ clock });
    const about = { involvedObject: { kind: 'ConfigMap', name: 'x', namespace: 'default' } };
    const events = collection(core, 'Event');
    await core.service.create(events, { ...body('Event', 'before'), ...about });
    clock.set(spanMs);
    await core.service.create(events, { ...body('Event', 'after'), ...about });
    clock.advance(60_000);
    await idle();
    expect((await core.service.list(events)).items).toHaveLength(2);
  });
});
