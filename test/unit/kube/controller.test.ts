import { setTimeout as delay } from 'node:timers/promises';
import { Failure, impossible, transient } from '../../../src/core/failure.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { kubeClient } from '../../../src/kube/client.ts';
import type { Manager } from '../../../src/kube/manager.ts';
import { resourceOf } from '../../../src/kube/resource.ts';
import { ApiDouble } from '../../support/api-double.ts';
import { ManualClock } from '../../support/clock.ts';
import { eventually, idle } from '../../support/eventually.ts';
import { fastClock } from '../../support/fast-clock.ts';
import { describe, expect, it } from '../../support/runner.ts';
import {
  FINALIZER,
  RESOURCE,
  condition,
  delayed,
  done,
  find,
  holdsReady,
  isReady,
  item,
  items,
  manage,
  people,
  settling,
  type Item,
  type Loop,
} from './scene.ts';

describe('controller', () => {
  it('needs one write for an object without work, two with a finalizer, none at rest', async () => {
    for (const finalizer of [undefined, FINALIZER]) {
      const api = new ApiDouble();
      await people(api).create('a');
      api.writes.length = 0;
      manage(api, settling, finalizer === undefined ? {} : { finalizer });
      await eventually(() => isReady(api, 'a'), 'Ready');
      await idle();
      expect(api.writes).toHaveLength(finalizer === undefined ? 1 : 2);
      // A restart changes nothing.
      const second = manage(api, settling, finalizer === undefined ? {} : { finalizer });
      await second.synced();
      await idle();
      expect(api.writes).toHaveLength(finalizer === undefined ? 1 : 2);
    }
  });

  it('wakes without any time passing, by its own objects and by those that they wait for', async () => {
    const api = new ApiDouble();
    const clock = new ManualClock();
    const loop = (manager: Manager): Loop => ({
      ...settling,
      plan: ({ spec }) => {
        const below = manager.caches.of<Item>(RESOURCE).get('n', spec.after ?? '');
        if (spec.after === undefined || holdsReady(below)) return done;
        return { ...done, verdict: 'waiting', reason: 'Waiting', message: `for ${spec.after}` };
      },
    });
    const map = ({ metadata }: { metadata: { name: string } }) =>
      items(api)
        .filter(({ spec }) => spec.after === metadata.name)
        .map(({ metadata: { name } }) => `n/${name}`);
    const manager = manage(api, loop, { watches: [{ resource: RESOURCE, map }], clock });
    await manager.synced();
    await people(api).create('app', { after: 'os' });
    await eventually(() => condition(api, 'app')?.reason === 'Waiting', 'Waiting');
    await people(api).create('os');
    await eventually(() => isReady(api, 'app'), 'app Ready');
    await manager.stop();
  });

  it.each([
    { why: 'during the pass', lateMs: 0 },
    { why: 'after it', lateMs: 3 },
  ])('does not let the echo of its status end a backoff, $why', async ({ lateMs }) => {
    const api = new ApiDouble();
    await people(api).create('a');
    const times: number[] = [];
    manage(lateMs === 0 ? api : { transport: delayed(api, () => delay(lateMs)) }, {
      ...settling,
      observe: () => {
        times.push(fastClock.elapsed());
        throw transient('Outage', `try ${times.length}`);
      },
    });
    await eventually(() => times.length >= 5, 'five tries');
    // 750 ms doubling: the fifth comes after 11 s, not at once.
    expect((times[4] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(10_000);
    expect(condition(api, 'a', 'Reconciling')?.reason).toBe('ProgressingWithRetry');
  });

  it('forgets failures when the object is edited', async () => {
    const api = new ApiDouble();
    await people(api).create('a');
    let tries = 0;
    manage(api, {
      ...settling,
      observe: ({ spec }) => {
        tries += 1;
        return spec.size === 2 ? Promise.resolve() : Promise.reject(transient('Outage', 'down'));
      },
    });
    await eventually(() => tries >= 3, 'three tries');
    await people(api).edit('a', { spec: { size: 2 } });
    await eventually(() => isReady(api, 'a'), 'Ready');
    expect(find(api, 'a')?.status?.observedGeneration).toBe(2);
  });

  it('stalls what only an edit can cure, and recovers with the edit', async () => {
    const api = new ApiDouble();
    await people(api).create('a', { size: 1 });
    let tries = 0;
    manage(api, {
      ...settling,
      observe: ({ spec }) => {
        tries += 1;
        if (spec.size === 1) throw impossible('TooSmall', 'size 1 is too small', 'Use 2.');
        return Promise.resolve();
      },
    });
    await eventually(() => condition(api, 'a', 'Stalled') !== undefined, 'Stalled');
    await idle();
    expect(tries).toBe(1);
    await people(api).edit('a', { spec: { size: 2 } });
    await eventually(() => isReady(api, 'a'), 'Ready');
    expect(condition(api, 'a', 'Stalled')).toBeUndefined();
  });

  it('repairs a status that somebody else has broken', async () => {
    const api = new ApiDouble();
    await people(api).create('a');
    manage(api, settling);
    await eventually(() => isReady(api, 'a'), 'Ready');
    const status = { conditions: null };
    await kubeClient(api.transport).mergePatch(
      RESOURCE,
      { namespace: 'n', name: 'a' },
      { status },
      { subresource: 'status' },
    );
    await eventually(() => isReady(api, 'a'), 'Ready again');
  });

  it('keeps an object until its plan releases it', async () => {
    const api = new ApiDouble();
    let isClean = false;
    const wakers: ((key: string) => void)[] = [];
    const loop: Loop = {
      ...settling,
      plan: ({ metadata }) => {
        if (metadata.deletionTimestamp === undefined) return done;
        if (isClean) return { ...done, verdict: 'released' };
        return { ...done, verdict: 'waiting', reason: 'Deleting', message: 'the machine is there' };
      },
    };
    manage(api, loop, {
      finalizer: FINALIZER,
      external: (wakeKey) => {
        wakers.push(wakeKey);
        return () => undefined;
      },
    });
    await people(api).create('a');
    await eventually(() => isReady(api, 'a'), 'Ready');
    await people(api).remove('a');
    await eventually(() => condition(api, 'a')?.reason === 'Deleting', 'Deleting');
    isClean = true;
    for (const wake of wakers) wake('n/a');
    await eventually(() => find(api, 'a') === undefined, 'gone');
  });

  it('retries conflicts at once and in silence', async () => {
    const api = new ApiDouble();
    await people(api).create('a');
    let edits = 0;
    manage(api, {
      ...settling,
      observe: async () => {
        if (edits === 2) return;
        edits += 1;
        // Somebody edits between our look and our write.
        await people(api).edit('a', { metadata: { labels: { edit: String(edits) } } });
      },
    });
    await eventually(() => isReady(api, 'a'), 'Ready');
    const statuses = api.writes.filter(({ path }) => path.endsWith('/status'));
    expect(statuses.every(({ body }) => !JSON.stringify(body).includes('Retry'))).toBe(true);
    expect(find(api, 'a')?.metadata.labels).toEqual({ edit: '2' });
  });

  it('slows down when every write is a conflict', async () => {
    const api = new ApiDouble();
    await people(api).create('a');
    const times: number[] = [];
    api.before = ({ method, path }) => {
      if (method !== 'PATCH' || !path.endsWith('/status')) return;
      times.push(fastClock.elapsed());
      throw new Failure({ consequence: 'Conflict', code: 'Conflict', message: 'modified' });
    };
    manage(api, settling);
    await eventually(() => times.length >= 24, 'some tries');
    // Half a dozen tries would take no time if nothing slowed them down.
    expect((times[23] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(5000);
  });

  it('never decides on a cache that has not seen its own creation', async () => {
    const api = new ApiDouble();
    const machines = resourceOf('PackagingMachine');
    await people(api).create('a');
    let creations = 0;
    const loop = (manager: Manager): Loop => ({
      ...settling,
      plan: () =>
        manager.caches.of(machines).list('n').length > 0
          ? done
          : { ...done, verdict: 'act', reason: 'Making', steps: ['create'] },
      act: async () => {
        creations += 1;
        const metadata = { name: `m-${creations}`, namespace: 'n' };
        await manager.client.create(machines, { ...item('m'), kind: 'PackagingMachine', metadata });
      },
    });
    manage({ transport: delayed(api, () => delay(30)) }, loop, {
      watches: [{ resource: machines, map: () => ['n/a'] }],
      clock: systemClock,
    });
    await eventually(() => isReady(api, 'a'), 'Ready');
    expect(creations).toBe(1);
  });

  it('ends what is in work before it stops', async () => {
    const api = new ApiDouble();
    await people(api).create('a');
    const gate = Promise.withResolvers<void>();
    let isActing = false;
    const manager = manage(api, {
      ...settling,
      plan: () => (isActing ? done : { ...done, verdict: 'act', reason: 'Work', steps: ['x'] }),
      act: async () => {
        isActing = true;
        await gate.promise;
      },
    });
    await eventually(() => isActing, 'acting');
    const stopped = manager.stop();
    await people(api).create('b');
    gate.resolve();
    await stopped;
    expect(isReady(api, 'a')).toBe(true);
    expect(condition(api, 'b')).toBeUndefined();
  });

  it('aborts a pass that does not end in time', async () => {
    const api = new ApiDouble();
    await people(api).create('a');
    let isBusy = false;
    const manager = manage(api, {
      ...settling,
      observe: (_, signal) => {
        isBusy = true;
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        });
      },
    });
    await eventually(() => isBusy, 'busy');
    await manager.stop();
    expect(condition(api, 'a')).toBeUndefined();
  });
});
