import { CaughtUp } from '../../../src/kube/caught-up.ts';
import { ManualClock } from '../../support/clock.ts';
import { idle } from '../../support/eventually.ts';
import { describe, expect, it } from '../../support/runner.ts';

const LIMIT_MS = 5000;

function scene() {
  const clock = new ManualClock();
  const progress = new CaughtUp(clock);
  /** Someone who waits, and what they heard. */
  const waiter = (signal?: AbortSignal) => {
    const heard: { caught?: boolean } = {};
    void progress.wait(signal).then((caught) => (heard.caught = caught));
    return heard;
  };
  const pass = async (spanMs: number) => {
    clock.advance(spanMs);
    await idle(3);
  };
  return { progress, waiter, pass };
}

describe('waiting for our own writes', () => {
  it('ends at once when there is nothing to wait for', async () => {
    const { progress } = scene();
    expect(await progress.wait()).toBe(true);
    progress.reached('12');
    progress.expect('11');
    expect(await progress.wait()).toBe(true);
  });

  it('is over with what was written before it began, however much is written meanwhile', async () => {
    const { progress, waiter, pass } = scene();
    progress.expect('10');
    const first = waiter();
    // A write every ten milliseconds, each seen when the next three are already made.
    for (let version = 11; version <= 13; version += 1) progress.expect(String(version));
    progress.reached('10');
    await pass(0);
    expect(first.caught).toBe(true);
    const second = waiter();
    progress.reached('12');
    await pass(0);
    expect(second.caught).toBeUndefined();
    progress.reached('13');
    await pass(0);
    expect(second.caught).toBe(true);
  });

  it('tells nobody else that the cache is fresh when one gives up', async () => {
    const { progress, waiter, pass } = scene();
    progress.expect('10');
    const first = waiter();
    await pass(LIMIT_MS - 1000);
    const second = waiter();
    await pass(1000);
    expect(first.caught).toBe(false);
    expect(second.caught).toBeUndefined();
    progress.reached('10');
    await pass(0);
    expect(second.caught).toBe(true);
  });

  it('does not wait again for what was given up, until it is seen after all', async () => {
    const { progress, waiter, pass } = scene();
    progress.expect('10');
    waiter();
    await pass(LIMIT_MS);
    expect(await progress.wait()).toBe(false);
    expect(await progress.wait()).toBe(false);
    // Something newer may well come.
    progress.expect('11');
    const newer = waiter();
    await pass(0);
    expect(newer.caught).toBeUndefined();
    progress.reached('11');
    await pass(0);
    expect(newer.caught).toBe(true);
    expect(await progress.wait()).toBe(true);
  });

  it('hears no more of a history that ended', async () => {
    const { progress, waiter, pass } = scene();
    progress.restart('100');
    progress.expect('101');
    const first = waiter();
    progress.restart('7');
    await pass(0);
    expect(first.caught).toBe(false);
    expect(await progress.wait()).toBe(true);
  });

  it('goes on waiting through a list that is older than the write', async () => {
    const { progress, waiter, pass } = scene();
    progress.expect('101');
    const first = waiter();
    progress.restart('100');
    await pass(0);
    expect(first.caught).toBeUndefined();
    progress.restart('101');
    await pass(0);
    expect(first.caught).toBe(true);
  });

  it('ends with its signal, and gives up nothing for others', async () => {
    const { progress, waiter, pass } = scene();
    progress.expect('10');
    const over = new AbortController();
    const first = waiter(over.signal);
    over.abort();
    await pass(0);
    expect(first.caught).toBe(false);
    expect(await progress.wait(over.signal)).toBe(false);
    const second = waiter();
    progress.reached('10');
    await pass(0);
    expect(second.caught).toBe(true);
  });
});
