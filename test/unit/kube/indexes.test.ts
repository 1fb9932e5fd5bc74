import type { ApiObject } from '../../../src/api/object.ts';
import { jsonLog, silentLog } from '../../../src/host/log.ts';
import { createCache } from '../../../src/kube/cache.ts';
import type { WatchSource } from '../../../src/kube/controller.ts';
import type { Manager } from '../../../src/kube/manager.ts';
import { keyOf, keyOfObject } from '../../../src/kube/resource.ts';
import { ApiDouble } from '../../support/api-double.ts';
import { ManualClock } from '../../support/clock.ts';
import { eventually, idle } from '../../support/eventually.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { RESOURCE, items, manage, people, settling, type Item } from './scene.ts';

type Tagged = ApiObject<{ tags?: string[] }>;

function tagged(name: string, version: number, tags: string[] = [], namespace = 'n'): Tagged {
  const metadata = { name, namespace, uid: `uid-${name}`, resourceVersion: String(version) };
  return { apiVersion: 'lamina.dev/v1alpha1', kind: 'LayerVersion', metadata, spec: { tags } };
}

function tagCache(log = silentLog) {
  const cache = createCache<Tagged>(new ManualClock(), log);
  const under = (tag: string) => cache.by('tag', tag).map(keyOfObject).sort();
  return { cache, under };
}

const tagsOf = ({ spec }: Tagged) => spec.tags ?? [];

describe('an index of a cache', () => {
  it('finds what is there, and follows what happens', async () => {
    const { cache, under } = tagCache();
    await cache.replace([tagged('a', 1, ['x', 'y']), tagged('b', 2, ['x']), tagged('c', 3)], '3');
    cache.index('tag', tagsOf);
    expect([under('x'), under('y'), under('z')]).toEqual([['n/a', 'n/b'], ['n/a'], []]);
    cache.upsert(tagged('a', 4, ['z', 'z']));
    expect([under('x'), under('y'), under('z')]).toEqual([['n/b'], [], ['n/a']]);
    cache.upsert(tagged('a', 5, ['x'], 'other'));
    expect(under('x')).toEqual(['n/b', 'other/a']);
    cache.remove(tagged('b', 6, ['x']));
    expect(under('x')).toEqual(['other/a']);
    await cache.replace([tagged('d', 7, ['x'])], '7');
    expect([under('x'), under('z')]).toEqual([['n/d'], []]);
    expect(cache.by('tag', 'x')[0]).toBe(cache.get('n', 'd'));
  });

  it('follows a list of many objects in portions, which hold up nobody', async () => {
    const { cache, under } = tagCache();
    cache.index('tag', tagsOf);
    const items = Array.from({ length: 1000 }, (_, i) => tagged(`o${i}`, i + 1, ['x']));
    let isDone = false;
    const done = cache.replace(items, '1000').then(() => (isDone = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect([isDone, cache.isSynced]).toEqual([false, false]);
    await done;
    expect([under('x').length, cache.isSynced]).toEqual([1000, true]);
  });

  it('is current before anybody hears of a change', () => {
    const { cache, under } = tagCache();
    cache.index('tag', tagsOf);
    const seen: string[][] = [];
    cache.onChange(() => seen.push(under('x')));
    cache.upsert(tagged('a', 1, ['x']));
    cache.remove(tagged('a', 2, ['x']));
    expect(seen).toEqual([['n/a'], []]);
  });

  it('is made once: the same name again changes nothing', () => {
    const { cache, under } = tagCache();
    cache.index('tag', tagsOf);
    cache.index('tag', () => ['other']);
    cache.upsert(tagged('a', 1, ['x']));
    expect([under('x'), under('other')]).toEqual([['n/a'], []]);
  });

  it('reads each version of an object once, however many there are', async () => {
    const { cache } = tagCache();
    let reads = 0;
    cache.index('tag', (object) => {
      reads += 1;
      return tagsOf(object);
    });
    await cache.replace(
      Array.from({ length: 2000 }, (_, at) => tagged(`a${at}`, at + 1, ['x'])),
      '2000',
    );
    reads = 0;
    cache.upsert(tagged('a7', 2001, ['y']));
    cache.by('tag', 'y');
    cache.remove(tagged('a8', 2002));
    expect(reads).toBe(1);
  });

  it('does not answer for an index that nobody made', () => {
    const { cache } = tagCache();
    expect(() => cache.by('owner', 'x')).toThrow(new TypeError('the cache has no index owner'));
  });

  it('goes on without an object that it cannot read, and says so', async () => {
    const lines: string[] = [];
    const log = jsonLog(
      (line) => lines.push(line),
      () => 0,
      { level: 'error' },
    );
    const { cache, under } = tagCache(log);
    cache.index('tag', ({ spec }) => (spec.tags as string[]).map((tag) => tag.toUpperCase()));
    const broken = tagged('a', 1);
    await cache.replace([{ ...broken, spec: {} }, tagged('b', 2, ['x'])], '2');
    expect(under('X')).toEqual(['n/b']);
    expect(cache.get('n', 'a')).toBeDefined();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('LayerVersion/n/a');
  });
});

/** Objects that name another one in `after`, woken by it through an index, and how often each was looked at. */
function dependants(api: ApiDouble, facet: NonNullable<WatchSource['facet']>) {
  const passes: string[] = [];
  const source = (manager: Manager): WatchSource => ({
    resource: RESOURCE,
    map: (object) => manager.caches.of(RESOURCE).by('after', keyOfObject(object)).map(keyOfObject),
    facet,
  });
  const watches: WatchSource[] = [];
  const manager = manage(
    api,
    (made) => {
      watches.push(source(made));
      return {
        ...settling,
        observe: ({ metadata }) => {
          passes.push(metadata.name);
          return Promise.resolve();
        },
      };
    },
    {
      watches,
      indexes: [
        {
          resource: RESOURCE,
          name: 'after',
          of: ({ metadata, spec }: Item) =>
            spec.after === undefined ? [] : [keyOf(metadata.namespace, spec.after)],
        },
      ],
    },
  );
  /** Names of those that were looked at since, in order. */
  const since = async (work: () => Promise<unknown>) => {
    await idle();
    passes.length = 0;
    await work();
    await idle();
    return passes.toSorted();
  };
  return { manager, passes, since };
}

/** What dependants want to know; not how far the work on it is. */
const sizeOf = ({ spec }: Item) => ({ size: spec.size });

describe('a controller whose map looks into an index', () => {
  it('wakes exactly the dependants of one object among 2,000', async () => {
    const api = new ApiDouble();
    const { create, edit } = people(api);
    for (let at = 0; at < 2000; at += 1) {
      await create(`a${at}`, [5, 1999].includes(at) ? { after: 'a0' } : { after: `a${at - 1}` });
    }
    const { passes, since } = dependants(api, sizeOf);
    await eventually(() => passes.length >= 2000, 'a first look at each');
    const isSettled = () => items(api).every(({ status }) => status?.conditions !== undefined);
    await eventually(isSettled, 'all settled');
    expect(await since(() => edit('a0', { spec: { size: 2 } }))).toEqual([
      'a0',
      'a1',
      'a1999',
      'a5',
    ]);
    // Who names another one is found there from the next change on.
    expect(await since(() => edit('a5', { spec: { after: 'a4' } }))).toEqual(['a5']);
    expect(await since(() => edit('a0', { spec: { size: 3 } }))).toEqual(['a0', 'a1', 'a1999']);
    expect(await since(() => edit('a4', { spec: { size: 4 } }))).toEqual(['a4', 'a5']);
  });

  it('has its indexes before its caches are filled', async () => {
    const { manager } = dependants(new ApiDouble(), sizeOf);
    expect(manager.caches.of(RESOURCE).by('after', 'n/a')).toEqual([]);
  });

  const facets: { why: string; work: (api: ApiDouble) => Promise<unknown>; want: string[] }[] = [
    {
      why: 'a change beside the facet wakes nobody else',
      work: (api) => people(api).edit('os', { metadata: { labels: { seen: 'yes' } } }),
      want: ['os'],
    },
    {
      why: 'a change of the facet wakes dependants',
      work: (api) => people(api).edit('os', { spec: { size: 2 } }),
      want: ['app', 'os'],
    },
    {
      why: 'what goes counts, whatever it was',
      work: (api) => people(api).remove('os'),
      want: ['app'],
    },
    {
      why: 'what comes counts, whatever it is',
      work: (api) => people(api).create('other'),
      want: ['other', 'waiting'],
    },
  ];
  it.each(facets)('with a facet: $why', async ({ work, want }) => {
    const api = new ApiDouble();
    const { create } = people(api);
    await create('os', { size: 1 });
    await create('app', { after: 'os' });
    await create('waiting', { after: 'other' });
    const { passes, since } = dependants(api, sizeOf);
    await eventually(() => passes.length >= 3, 'a first look at each');
    expect(await since(() => work(api))).toEqual(want);
  });
});
