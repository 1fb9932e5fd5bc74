import { workQueue } from '../../../src/kube/queue.ts';
import { ManualClock } from '../../support/clock.ts';
import { idle } from '../../support/eventually.ts';
import { describe, expect, it } from '../../support/runner.ts';

function queue() {
  const clock = new ManualClock();
  return { clock, queue: workQueue({ name: 'test', clock, random: () => 0.5 }) };
}

describe('work queue', () => {
  it('holds each key once', async () => {
    const { queue: q } = queue();
    q.add('a');
    q.add('b');
    q.add('a');
    expect(await q.next()).toBe('a');
    expect(await q.next()).toBe('b');
    const third = q.next();
    q.add('c');
    expect(await third).toBe('c');
  });

  it('gives a key to one worker at a time, and again if it was added meanwhile', async () => {
    const { queue: q } = queue();
    q.add('a');
    await q.next();
    q.add('a');
    q.add('a');
    let second: string | undefined;
    const waiting = q.next().then((key) => (second = key));
    await idle();
    expect(second).toBeUndefined();
    q.done('a');
    await waiting;
    expect(second).toBe('a');
    q.done('a');
    q.add('z');
    expect(await q.next()).toBe('z');
  });

  it('lets an edit overtake the first list', async () => {
    const { queue: q } = queue();
    for (const key of ['a', 'b', 'c']) q.add(key, 'low');
    q.add('c');
    q.add('d');
    q.add('a', 'low');
    const order = [await q.next(), await q.next(), await q.next(), await q.next()];
    expect(order).toEqual(['c', 'd', 'a', 'b']);
  });

  it('keeps the earliest of several times', async () => {
    const { clock, queue: q } = queue();
    q.addAfter('a', 5000);
    q.addAfter('a', 1000);
    q.addAfter('a', 9000);
    q.addAfter('b', 2000);
    const seen: string[] = [];
    void q.next().then((key) => seen.push(key ?? ''));
    clock.advance(999);
    await idle();
    expect(seen).toEqual([]);
    clock.advance(1);
    await idle();
    expect(seen).toEqual(['a']);
    q.done('a');
    void q.next().then((key) => seen.push(key ?? ''));
    void q.next().then((key) => seen.push(key ?? ''));
    clock.advance(20_000);
    await idle();
    expect(seen).toEqual(['a', 'b']);
  });

  it('forgets a planned time when the key is worked on', async () => {
    const { clock, queue: q } = queue();
    q.addAfter('a', 1000);
    q.add('a');
    await q.next();
    q.done('a');
    let again: string | undefined;
    void q.next().then((key) => (again = key));
    clock.advance(5000);
    await idle();
    expect(again).toBeUndefined();
  });

  it('doubles the backoff from 750 ms to 15 minutes until it is forgotten', () => {
    const { queue: q } = queue();
    const delays = Array.from({ length: 13 }, () => q.retry('a'));
    expect(delays.slice(0, 4)).toEqual([750, 1500, 3000, 6000]);
    expect(delays.at(-1)).toBe(900_000);
    expect(q.failures('a')).toBe(13);
    expect(q.failures('b')).toBe(0);
    q.forget('a');
    expect(q.retry('a')).toBe(750);
    expect(q.retry('b', 60_000)).toBe(60_000);
  });

  it('waits for what is in work at shutdown and takes nothing more', async () => {
    const { queue: q } = queue();
    q.add('a');
    await q.next();
    const idleWorker = q.next();
    q.add('a');
    let over = false;
    const down = q.shutDown().then(() => (over = true));
    q.add('b');
    expect(await idleWorker).toBeUndefined();
    await idle();
    expect(over).toBe(false);
    q.done('a');
    await down;
    expect(await q.next()).toBeUndefined();
  });
});
