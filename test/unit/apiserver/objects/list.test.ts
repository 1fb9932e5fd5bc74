import type { ApiServerCore } from '../../../../src/apiserver/open.ts';
import type { ListResult } from '../../../../src/apiserver/model/service.ts';
import { ManualClock } from '../../../support/clock.ts';
import { body, collection, key, openCore, refusal } from '../../../support/api-core.ts';
import { idle } from '../../../support/eventually.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../../support/runner.ts';

let core: ApiServerCore;
let clock: ManualClock;

beforeEach(async () => {
  clock = new ManualClock();
  core = await openCore({ clock });
  const service = core.service;
  const names = ['a', 'b', 'c', 'd', 'e'];
  await Promise.all(
    names.map((name) => service.create(collection(core, 'ConfigMap'), body('ConfigMap', name))),
  );
});
afterEach(() => core.close());

const configMaps = () => collection(core, 'ConfigMap');
const list = (options = {}) => core.service.list(configMaps(), options);
const namesOf = ({ items }: Pick<ListResult, 'items'>) =>
  items.map(({ object }) => object.metadata.name).join(' ');

describe('pages', () => {
  it.each([
    { why: 'large objects', options: {}, shown: /^large-\d+ large-\d+$/ },
    { why: 'large objects that are not asked for', options: { labelSelector: 'a=b' }, shown: /^$/ },
  ])('end early after $why, and lose nothing', async ({ options, shown }) => {
    const data = { text: 'x'.repeat(700_000) };
    for (let i = 0; i < 6; i += 1) {
      await core.service.create(configMaps(), { ...body('ConfigMap', `large-${i}`), data });
    }
    await core.service.create(configMaps(), body('ConfigMap', 'z', { labels: { a: 'b' } }));
    const pages = [await list({ ...options, limit: 100 })];
    for (let next = pages[0]?.continue; next !== undefined; next = pages.at(-1)?.continue) {
      pages.push(await list({ ...options, limit: 100, continue: next }));
    }
    const names = pages.map(namesOf);
    expect(names.at(-2)).toMatch(shown);
    const { items, more } = await list(options);
    const portions = [items, ...(await Array.fromAsync(more ?? []))];
    expect(portions.map((portion) => namesOf({ items: portion }))).toEqual(names);
  });

  it('of no limit show one state, whatever happens while they are read', async () => {
    const data = { text: 'x'.repeat(700_000) };
    const names = ['large-1', 'large-2', 'large-3', 'large-4'];
    for (const name of names) {
      await core.service.create(configMaps(), { ...body('ConfigMap', name), data });
    }
    const { items, more } = await list();
    await core.service.remove(key(core, 'ConfigMap', 'large-3'));
    await core.service.create(configMaps(), body('ConfigMap', 'large-31'));
    await core.service.update(key(core, 'ConfigMap', 'large-4'), {
      ...body('ConfigMap', 'large-4'),
      data: { new: 'yes' },
    });
    const rest = (await Array.fromAsync(more ?? [])).flat();
    expect(namesOf({ items: [...items, ...rest] })).toBe(`a b c d e ${names.join(' ')}`);
    expect(rest.at(-1)?.object['data']).toEqual(data);
  });

  it('show the state of the first page, whatever happens in between', async () => {
    const first = await list({ limit: 2 });
    expect(namesOf(first)).toBe('a b');
    expect(first.remainingItemCount).toBe(3);
    await core.service.remove(key(core, 'ConfigMap', 'c'));
    await core.service.create(configMaps(), body('ConfigMap', 'cc'));
    await core.service.update(key(core, 'ConfigMap', 'd'), {
      ...body('ConfigMap', 'd'),
      data: { new: 'yes' },
    });
    const second = await list({ limit: 2, continue: first.continue });
    expect(namesOf(second)).toBe('c d');
    expect(second.items[1]?.object['data']).toBeUndefined();
    expect(second.resourceVersion).toBe(first.resourceVersion);
    expect(second.remainingItemCount).toBe(1);
    const third = await list({ limit: 2, continue: second.continue });
    expect(namesOf(third)).toBe('e');
    expect(third.continue).toBeUndefined();
    expect(namesOf(await list())).toBe('a b cc d e');
  });

  it('show one version of what was written just before', async () => {
    await core.service.update(key(core, 'ConfigMap', 'd'), {
      ...body('ConfigMap', 'd'),
      data: { new: 'yes' },
    });
    const first = await list({ limit: 3 });
    await core.service.create(configMaps(), body('ConfigMap', 'z'));
    const second = await list({ continue: first.continue });
    expect(namesOf(second)).toBe('d e');
    expect(second.items[0]?.object['data']).toEqual({ new: 'yes' });
  });

  it('do not show what was deleted just before', async () => {
    await core.service.remove(key(core, 'ConfigMap', 'd'));
    const first = await list({ limit: 3 });
    await core.service.create(configMaps(), body('ConfigMap', 'z'));
    expect(namesOf(await list({ continue: first.continue }))).toBe('e');
  });

  it('are filled to the limit under a selector, and do not count the rest', async () => {
    const first = await list({ limit: 2, fieldSelector: 'metadata.name!=b' });
    expect(namesOf(first)).toBe('a c');
    expect(first.remainingItemCount).toBeUndefined();
    const options = { limit: 2, fieldSelector: 'metadata.name!=b', continue: first.continue };
    expect(namesOf(await list(options))).toBe('d e');
  });

  it('are ordered by namespace and name across namespaces', async () => {
    for (const namespace of ['z', 'alpha']) {
      await core.service.create(collection(core, 'Namespace'), body('Namespace', namespace));
      const there = collection(core, 'ConfigMap', namespace);
      await core.service.create(there, body('ConfigMap', 'm'));
    }
    const { resource } = configMaps();
    const seen: string[] = [];
    let token: string | undefined;
    do {
      const options = token === undefined ? {} : { continue: token };
      const page = await core.service.list({ resource }, { limit: 3, ...options });
      seen.push(
        ...page.items.map(({ object: { metadata } }) => `${metadata.namespace}/${metadata.name}`),
      );
      token = page.continue;
    } while (token !== undefined);
    expect(seen.join(' ')).toBe('alpha/m default/a default/b default/c default/d default/e z/m');
  });

  it('answer 410 when their revision has been compacted', async () => {
    const first = await list({ limit: 2 });
    await core.service.remove(key(core, 'ConfigMap', 'c'));
    for (let tick = 0; tick < 70; tick += 1) {
      clock.advance(10_000);
      await idle(5);
    }
    const status = await refusal(list({ limit: 2, continue: first.continue }));
    expect(status).toMatchObject({ code: 410, reason: 'Expired' });
    expect(namesOf(await list({ limit: 9 }))).toBe('a b d e');
  });

  it.each(['x', Buffer.from('[1,2,3]').toString('base64url'), Buffer.from('{').toString('base64')])(
    'refuse the token %s',
    async (token) => {
      expect(await refusal(list({ continue: token }))).toMatchObject({ code: 400 });
    },
  );
});

describe('a resourceVersion', () => {
  it('with Exact shows the past', async () => {
    const { resourceVersion } = await list();
    await core.service.remove(key(core, 'ConfigMap', 'a'));
    const exact = { resourceVersion, resourceVersionMatch: 'Exact' };
    expect(namesOf(await list(exact))).toBe('a b c d e');
    expect(namesOf(await list({ resourceVersion }))).toBe('b c d e');
    expect(namesOf(await list({ resourceVersion: '0' }))).toBe('b c d e');
  });

  it('of the future is a time-out that asks for a retry', async () => {
    const { resourceVersion } = await list();
    const next = String(Number(resourceVersion) + 1);
    expect(await refusal(list({ resourceVersion: next }))).toMatchObject({
      code: 504,
      reason: 'Timeout',
      details: { retryAfterSeconds: 1 },
    });
  });

  it.each(['x', '-1', '1e3', '99999999999999999999'])('%s is refused', async (resourceVersion) => {
    expect(await refusal(list({ resourceVersion }))).toMatchObject({ code: 400 });
  });
});

describe('get', () => {
  it('answers with the text that was stored', async () => {
    const { document } = await core.service.create(configMaps(), {
      ...body('ConfigMap', 'text'),
      data: { 'x.y': 'line\n\u0000\ud800 é' },
    });
    const found = await core.service.get(key(core, 'ConfigMap', 'text'));
    expect(found.json).toBe(document.json);
    expect(JSON.parse(found.json)).toMatchObject({ data: { 'x.y': 'line\n\u0000\ud800 é' } });
  });

  it('refuses a namespace where there is none, and its absence where there is one', async () => {
    const { resource } = configMaps();
    expect(await refusal(core.service.get({ resource, name: 'a' }))).toMatchObject({ code: 400 });
    const { resource: namespaces } = collection(core, 'Namespace');
    const wrong = { resource: namespaces, namespace: 'default', name: 'default' };
    expect(await refusal(core.service.get(wrong))).toMatchObject({ code: 400 });
  });
});
