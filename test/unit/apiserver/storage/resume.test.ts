import { join } from 'node:path';
import fc from 'fast-check';
import type { ApiServerCore } from '../../../../src/apiserver/open.ts';
import type { WatchEvent } from '../../../../src/apiserver/model/service.ts';
import { body, collection, key, openCore, take } from '../../../support/api-core.ts';
import { idle } from '../../../support/eventually.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { describe, expect, it } from '../../../support/runner.ts';
import { property } from '../../../support/soak.ts';

const SELECTOR = 'x=1';

type Step =
  | { readonly do: 'create' | 'remove' | 'release'; readonly name: string; readonly on: boolean }
  | { readonly do: 'label'; readonly name: string; readonly on: boolean }
  | { readonly do: 'take'; readonly count: number }
  | { readonly do: 'restart' };

const write: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom('create', 'label', 'label', 'remove', 'release'),
  name: fc.constantFrom('a', 'b', 'c'),
  on: fc.boolean(),
});
const taking: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('take'),
  count: fc.integer({ min: 0, max: 4 }),
});
const restart: fc.Arbitrary<Step> = fc.constant({ do: 'restart' });
const step = fc.oneof(
  { arbitrary: write, weight: 8 },
  { arbitrary: taking, weight: 2 },
  { arbitrary: restart, weight: 1 },
);

/** A client that knows the world from a watch alone, and is interrupted again and again. */
class Follower {
  readonly known = new Map<string, string>();
  revision: string;

  constructor(revision: string) {
    this.revision = revision;
  }

  apply({ type, document, resourceVersion }: WatchEvent): void {
    const object = document?.object;
    if (object === undefined) throw new Error(`a watch that can resume sent ${type}`);
    const { name } = object.metadata;
    // An event that does not fit what is known was repeated, or another was lost.
    expect(this.known.has(name)).toBe(type !== 'ADDED');
    expect(Number(resourceVersion)).toBeGreaterThan(Number(this.revision));
    if (type === 'DELETED') this.known.delete(name);
    else this.known.set(name, document?.json ?? '');
    this.revision = resourceVersion;
  }

  /** Resumes, takes at most `count` of the events that are there, and goes away. */
  async follow(core: ApiServerCore, count: number): Promise<void> {
    const stop = new AbortController();
    const stream = await core.service.watch(collection(core, 'ConfigMap'), {
      resourceVersion: this.revision,
      labelSelector: SELECTOR,
      signal: stop.signal,
    });
    const reading = take(stream[Symbol.asyncIterator](), count);
    await idle(2);
    stop.abort();
    for (const event of await reading) this.apply(event);
  }
}

async function perform(core: ApiServerCore, step: Step): Promise<unknown> {
  if (step.do === 'take' || step.do === 'restart') return undefined;
  const maps = collection(core, 'ConfigMap');
  const labels = { x: step.on ? '1' : '0' };
  const at = key(core, 'ConfigMap', step.name);
  const merge = (metadata: object) => core.service.patch(at, { type: 'merge', body: { metadata } });
  switch (step.do) {
    case 'create': {
      const finalizers = step.on ? ['lamina.dev/x'] : [];
      return core.service.create(maps, body('ConfigMap', step.name, { labels, finalizers }));
    }
    case 'label':
      return merge({ labels });
    case 'release':
      return merge({ finalizers: null });
    case 'remove':
      return core.service.remove(at);
  }
}

describe('a watcher that resumes at random points', () => {
  it('knows exactly what a list shows, across writes and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        await using folder = await temporaryFolder();
        const path = join(folder.path, 'api.db');
        let core = await openCore({ path });
        const maps = () => collection(core, 'ConfigMap');
        try {
          const follower = new Follower((await core.service.list(maps())).resourceVersion);
          for (const each of steps) {
            if (each.do === 'restart') {
              await core.close();
              core = await openCore({ path });
            } else if (each.do === 'take') await follower.follow(core, each.count);
            // Refusals (taken names, missing objects) are part of life.
            else await perform(core, each).catch(() => undefined);
          }
          await follower.follow(core, 1000);
          const { items } = await core.service.list(maps(), { labelSelector: SELECTOR });
          const listed = items.map((item) => [item.object.metadata.name, item.json] as const);
          expect(follower.known).toEqual(new Map(listed));
        } finally {
          await core.close();
        }
      }),
      property(600),
    );
  });
});
