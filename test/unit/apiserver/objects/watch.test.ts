import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ApiServerCore } from '../../../../src/apiserver/open.ts';
import type { WatchOptions } from '../../../../src/apiserver/model/service.ts';
import {
  brief,
  body,
  collection,
  copyOf,
  key,
  openCore,
  refusal,
  take,
} from '../../../support/api-core.ts';
import { ManualClock } from '../../../support/clock.ts';
import { idle } from '../../../support/eventually.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../../support/runner.ts';

let core: ApiServerCore;
let clock: ManualClock;
let stop: AbortController;

beforeEach(async () => {
  clock = new ManualClock();
  stop = new AbortController();
  core = await openCore({ clock });
});
afterEach(async () => {
  stop.abort();
  await core.close();
});

const create = (name: string, metadata = {}) =>
  core.service.create(collection(core, 'ConfigMap'), body('ConfigMap', name, metadata));
const label = (name: string, labels: object) =>
  core.service.patch(key(core, 'ConfigMap', name), {
    type: 'merge',
    body: { metadata: { labels } },
  });
const remove = (name: string) => core.service.remove(key(core, 'ConfigMap', name));

async function watch(options: WatchOptions = {}) {
  const collectionOf = collection(core, 'ConfigMap');
  const stream = await core.service.watch(collectionOf, { signal: stop.signal, ...options });
  return stream[Symbol.asyncIterator]();
}

const head = async () => (await core.service.list(collection(core, 'ConfigMap'))).resourceVersion;

describe('a watch', () => {
  it('without a resourceVersion shows everything first', async () => {
    await create('a');
    await create('b');
    const events = await watch();
    expect(brief(await take(events, 2))).toEqual(['ADDED a', 'ADDED b']);
    await remove('a');
    expect(brief(await take(events, 1))).toEqual(['DELETED a']);
  });

  it('from a resourceVersion shows what came after, once and in order', async () => {
    await create('a');
    const resourceVersion = await head();
    await create('b');
    await label('a', { x: '1' });
    await remove('b');
    const events = await take(await watch({ resourceVersion }), 3);
    expect(brief(events)).toEqual(['ADDED b', 'MODIFIED a', 'DELETED b']);
    const revisions = events.map((event) => Number(event.resourceVersion));
    expect(revisions).toEqual(revisions.toSorted((x, y) => x - y));
    const { document, resourceVersion: last } = events[2] ?? {};
    expect(document?.object.metadata).toMatchObject({ name: 'b', resourceVersion: last });
    expect(last).toBe(await head());
  });

  it('turns changes into comings and goings under a selector', async () => {
    const resourceVersion = await head();
    await create('a', { labels: { x: '1' } });
    await label('a', { y: '2' });
    await label('a', { x: '2' });
    await label('a', { z: '3' });
    await label('a', { x: '1' });
    await remove('a');
    await create('end', { labels: { x: '1' } });
    const events = await take(await watch({ resourceVersion, labelSelector: 'x=1' }), 6);
    expect(brief(events)).toEqual([
      'ADDED a',
      'MODIFIED a',
      'DELETED a',
      'ADDED a',
      'DELETED a',
      'ADDED end',
    ]);
    // Upstream sends the last state that was selected, under the revision of the change.
    expect(events[2]?.document?.object.metadata.labels).toEqual({ x: '1', y: '2' });
    expect(events[2]?.document?.object.metadata.resourceVersion).toBe(events[2]?.resourceVersion);
  });

  it('of one name does not see others, nor other kinds, nor other namespaces', async () => {
    const events = await watch({ fieldSelector: 'metadata.name=a', resourceVersion: await head() });
    await create('b');
    await core.service.create(collection(core, 'Secret'), body('Secret', 'a'));
    await core.service.create(collection(core, 'Namespace'), body('Namespace', 'n'));
    await core.service.create(collection(core, 'ConfigMap', 'n'), body('ConfigMap', 'a'));
    await create('a');
    expect((await take(events, 1))[0]?.document?.object.metadata.namespace).toBe('default');
  });

  it('hands the same document to all watchers', async () => {
    const [one, two] = [await watch(), await watch()];
    await create('a');
    const [[left], [right]] = [await take(one, 1), await take(two, 1)];
    expect(left?.document).toBe(right?.document);
  });

  it('goes through the finalizers of a deletion', async () => {
    const { document } = await create('a', { finalizers: ['lamina.dev/x'] });
    const events = await watch({ resourceVersion: document.object.metadata.resourceVersion });
    await remove('a');
    const held = copyOf(await core.service.get(key(core, 'ConfigMap', 'a')));
    held.metadata['finalizers'] = [];
    await core.service.update(key(core, 'ConfigMap', 'a'), held);
    expect(brief(await take(events, 2))).toEqual(['MODIFIED a', 'DELETED a']);
  });
});

describe('a watch that lives long', () => {
  it('keeps nothing of the changes that it has shown', async () => {
    const program = join(import.meta.dirname, '../../../support/kept-promises.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [program, '200']);
    expect(Number(stdout)).toBeLessThan(100);
  });
});

describe('the end of a watch', () => {
  it('comes with the signal', async () => {
    const events = await watch();
    const waiting = events.next();
    stop.abort();
    expect(await waiting).toMatchObject({ done: true });
  });

  it('comes when the server closes', async () => {
    const events = await watch();
    const waiting = events.next();
    await core.close();
    expect(await waiting).toMatchObject({ done: true });
  });

  it('comes by time-out, after a last bookmark', async () => {
    const events = await watch({ allowBookmarks: true, timeoutMs: 90_000 });
    const all = take(events, 99);
    for (let second = 0; second < 90; second += 1) {
      clock.advance(1000);
      await idle(3);
    }
    expect(brief(await all)).toEqual(['BOOKMARK', 'BOOKMARK']);
  });

  it('is an ERROR when the revision has been compacted', async () => {
    const resourceVersion = await head();
    await core.close();
    const wide = new ManualClock(clock.now() + 60_000);
    core = await openCore({ clock: wide });
    const [event] = await take(await watch({ resourceVersion }), 2);
    expect(event?.type).toBe('ERROR');
    expect(JSON.parse(event?.json ?? '')).toMatchObject({ code: 410, reason: 'Expired' });
  });
});

describe('bookmarks', () => {
  it('carry the revision up to which everything was sent', async () => {
    const events = await watch({ allowBookmarks: true, resourceVersion: await head() });
    await core.service.create(collection(core, 'Secret'), body('Secret', 's'));
    const first = events.next();
    await idle();
    clock.advance(60_000);
    const { value } = await first;
    expect(value.type).toBe('BOOKMARK');
    expect(JSON.parse(value.json)).toEqual({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { resourceVersion: await head() },
    });
  });

  it.each([
    { why: 'forward', spanMs: 86_400_000 },
    { why: 'back', spanMs: -86_400_000 },
  ])('come each minute although the clock was set $why a day', async ({ spanMs }) => {
    const events = await watch({ allowBookmarks: true, resourceVersion: await head() });
    const first = take(events, 1);
    await idle();
    clock.set(spanMs);
    clock.advance(59_000);
    await idle();
    await create('a');
    expect(brief(await first)).toEqual(['ADDED a']);
    const second = take(events, 1);
    await idle();
    clock.advance(1000);
    expect(brief(await second)).toEqual(['BOOKMARK']);
  });

  it('mark the end of the initial events', async () => {
    await create('a');
    const resourceVersion = await head();
    const events = await take(
      await watch({
        sendInitialEvents: true,
        allowBookmarks: true,
      }),
      2,
    );
    expect(brief(events)).toEqual(['ADDED a', 'BOOKMARK']);
    expect(JSON.parse(events[1]?.json ?? '').metadata).toEqual({
      resourceVersion,
      annotations: { 'k8s.io/initial-events-end': 'true' },
    });
  });
});

describe('parameters that are refused before the stream begins', () => {
  it.each([
    ['a revision that is text', 400, { resourceVersion: 'x' }],
    ['a revision of the future', 504, { resourceVersion: '9007199254740991' }],
    ['a bad selector', 400, { labelSelector: '=' }],
  ])('%s', async (_why, code, options) => {
    expect(await refusal(core.service.watch(collection(core, 'ConfigMap'), options))).toMatchObject(
      {
        code,
      },
    );
  });
});
