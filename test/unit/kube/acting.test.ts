import type { Clock } from '../../../src/core/clock.ts';
import { Failure, impossible, transient } from '../../../src/core/failure.ts';
import { jsonLog } from '../../../src/host/log.ts';
import { EVENTS, pathOf } from '../../../src/kube/resource.ts';
import { ApiDouble } from '../../support/api-double.ts';
import { ManualClock } from '../../support/clock.ts';
import { eventually, idle } from '../../support/eventually.ts';
import { describe, expect, it } from '../../support/runner.ts';
import {
  condition,
  delayed,
  done,
  find,
  isReady,
  manage,
  people,
  settling,
  type ItemPlan,
} from './scene.ts';

const act = (...steps: [string, ...string[]]): ItemPlan => ({
  ...done,
  verdict: 'act',
  reason: 'Working',
  steps,
});
const wait: ItemPlan = { ...done, verdict: 'waiting', reason: 'Waiting', message: 'for it' };

/** A controller that follows a script: one plan a look, the last one for ever. */
async function play(script: readonly (ItemPlan | Failure)[], handles: readonly string[] = []) {
  const api = new ApiDouble();
  await people(api).create('a');
  const acted: string[] = [];
  const seen: (string | undefined)[] = [];
  const wakers: ((key: string) => void)[] = [];
  manage(
    api,
    {
      observe: ({ status }) => {
        const next = script[Math.min(seen.length, script.length - 1)];
        seen.push(status?.handle);
        return 'verdict' in (next ?? {}) ? Promise.resolve(next) : Promise.reject(next);
      },
      plan: (_, next) => next as ItemPlan,
      act: (step) => {
        acted.push(`${step} ${find(api, 'a')?.status?.handle ?? '-'}`);
        return Promise.resolve(handles.includes(step) ? { handle: `task-${step}` } : undefined);
      },
    },
    {
      external: (wake) => {
        wakers.push(wake);
        return () => undefined;
      },
    },
  );
  const looks = (count: number) => eventually(() => seen.length >= count, `${count} looks`);
  const stored = async () => {
    await idle();
    return find(api, 'a')?.status?.handle;
  };
  const wake = () => wakers[0]?.('n/a');
  return { api, acted, seen, looks, stored, wake };
}

describe('the handle of a long operation', () => {
  it('is stored at once, and what was planned after its step waits for the next look', async () => {
    const { acted, seen, stored, looks } = await play(
      [act('start', 'next'), act('next'), wait],
      ['start'],
    );
    await looks(3);
    expect(acted).toEqual(['start -', 'next task-start']);
    expect(seen).toEqual([undefined, 'task-start', 'task-start']);
    expect(await stored()).toBe('task-start');
  });

  it('lets steps that return none go on', async () => {
    const { acted, looks } = await play([act('one', 'two', 'three'), done], ['three']);
    await looks(2);
    expect(acted).toEqual(['one -', 'two -', 'three -']);
  });

  it('stays through brief steps', async () => {
    const brief: ItemPlan = { ...act('more'), brief: true } as ItemPlan;
    const { seen, looks, stored } = await play([act('start'), brief, wait], ['start']);
    await looks(3);
    expect(seen[2]).toBe('task-start');
    expect(await stored()).toBe('task-start');
  });

  const ends: { why: string; plan: ItemPlan | Failure; want: string | undefined }[] = [
    { why: 'stays while something is waited for', plan: wait, want: 'task-start' },
    {
      why: 'goes when the plan says that there is none',
      plan: { ...wait, status: { handle: undefined } as never },
      want: undefined,
    },
    {
      why: 'is another one when the plan says so',
      plan: { ...wait, status: { handle: 'task-2' } },
      want: 'task-2',
    },
    { why: 'goes when all is done', plan: done, want: undefined },
    {
      why: 'goes when only an edit helps',
      plan: { ...done, verdict: 'stalled', reason: 'Failed' },
      want: undefined,
    },
    { why: 'stays when a pass fails', plan: transient('Outage', 'down'), want: 'task-start' },
    {
      why: 'stays when a pass fails for good',
      plan: impossible('TooSmall', 'size', 'Use 2.'),
      want: 'task-start',
    },
  ];
  it.each(ends)('$why', async ({ plan, want }) => {
    const { api, looks, stored } = await play([act('start'), plan], ['start']);
    await looks(2);
    await eventually(() => condition(api, 'a')?.reason !== 'Working', 'the next status');
    expect(await stored()).toBe(want);
  });
});

describe('the note of a plan', () => {
  const note = { type: 'Normal', reason: 'StartedOver', message: 'second try of three' } as const;
  const cases: { why: string; script: ItemPlan[]; want: number }[] = [
    { why: 'is told before its steps', script: [{ ...act('x'), note }, done], want: 1 },
    {
      why: 'is told of brief steps too',
      script: [{ ...act('x'), brief: true, note } as ItemPlan, done],
      want: 1,
    },
    { why: 'is not told while waiting', script: [{ ...wait, note }], want: 0 },
    { why: 'is not told when settled', script: [{ ...done, note }], want: 0 },
    {
      why: 'is not told when stalled',
      script: [{ ...done, verdict: 'stalled', note }],
      want: 0,
    },
  ];
  it.each(cases)('$why', async ({ script, want }) => {
    const { api, looks } = await play(script);
    await looks(script.length);
    await idle();
    const events = api.all(pathOf(EVENTS)).filter(({ reason }) => reason === note.reason);
    expect(events.map(({ message, count }) => [message, count])).toEqual(
      Array.from({ length: want }, () => [note.message, 1]),
    );
  });

  it('is not told of steps that are not performed', async () => {
    const api = new ApiDouble();
    await people(api).create('a');
    api.before = ({ path }) => {
      if (path.endsWith('/status')) throw transient('Outage', 'the status was not written');
    };
    let plans = 0;
    manage(api, {
      ...settling,
      plan: () => {
        plans += 1;
        return { ...act('x'), note };
      },
    });
    await eventually(() => plans > 1, 'two tries');
    await idle();
    expect(api.all(pathOf(EVENTS))).toEqual([]);
  });
});

describe('what a pass says', () => {
  it('says nothing while it waits quietly, and goes on when it is woken', async () => {
    const { api, looks, wake } = await play([{ ...wait, quiet: true }, wait]);
    await looks(1);
    await idle();
    expect(condition(api, 'a')).toBeUndefined();
    wake();
    await eventually(() => condition(api, 'a') !== undefined, 'a status');
  });

  it('shows a retry that it waits for as one', async () => {
    const retrying: ItemPlan = { ...done, verdict: 'waiting', reason: 'Composing', retrying: true };
    const { api, looks } = await play([{ ...retrying, message: 'no room; tried again' }]);
    await looks(1);
    await eventually(() => condition(api, 'a') !== undefined, 'a status');
    expect(condition(api, 'a')).toMatchObject({
      status: 'False',
      reason: 'Composing',
      message: 'no room; tried again',
    });
    expect(condition(api, 'a', 'Reconciling')?.reason).toBe('ProgressingWithRetry');
    await idle();
    expect(api.all(pathOf(EVENTS))[0]).toMatchObject({ type: 'Warning', reason: 'Composing' });
  });

  it('logs that it could not look at an object after a conflict', async () => {
    const api = new ApiDouble();
    await people(api).create('a');
    let conflicts = 0;
    api.before = ({ method, path }) => {
      if (path.endsWith('/status') && conflicts === 0) {
        conflicts += 1;
        throw new Failure({ consequence: 'Conflict', code: 'Conflict', message: 'modified' });
      }
      if (method === 'GET' && path.endsWith('/a')) throw new Error('nobody answers');
    };
    const lines: string[] = [];
    const log = jsonLog(
      (line) => lines.push(line),
      () => 0,
      { level: 'warn' },
    );
    manage(api, settling, { log });
    await eventually(() => isReady(api, 'a'), 'Ready');
    const said = lines.filter((line) => line.includes('after a conflict'));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('nobody answers');
  });

  it('does not act again at once on a picture that stays behind', async () => {
    const api = new ApiDouble();
    await people(api).create('a');
    let acts = 0;
    // The echo of a write comes after a pass has given up waiting for it.
    const echo = Promise.withResolvers<void>();
    const clock: Clock = {
      now: () => performance.now(),
      elapsed: () => performance.now(),
      sleep: (delayMs, signal) => (delayMs === 5000 ? Promise.resolve() : hang(signal)),
    };
    manage(
      { transport: delayed(api, () => echo.promise) },
      {
        ...settling,
        plan: () => act('x'),
        act: () => {
          acts += 1;
          return Promise.resolve();
        },
      },
      { clock },
    );
    await eventually(() => acts > 0, 'a step');
    await idle();
    expect(acts).toBe(1);
    echo.resolve();
  });
});

describe('looking again', () => {
  const cases: { why: string; plan: ItemPlan; random: number; wantMs: number | undefined }[] = [
    { why: 'a tenth earlier', plan: { ...done, recheckMs: 60_000 }, random: 0, wantMs: 54_000 },
    { why: 'in the middle', plan: { ...done, recheckMs: 60_000 }, random: 0.5, wantMs: 60_000 },
    {
      why: 'nearly a tenth later',
      plan: { ...done, verdict: 'waiting', recheckMs: 60_000 },
      random: 0.999,
      wantMs: 65_988,
    },
    { why: 'never, if the plan does not ask for it', plan: done, random: 0.5, wantMs: undefined },
  ];
  it.each(cases)('happens $why', async ({ plan, random, wantMs }) => {
    const api = new ApiDouble();
    await people(api).create('a');
    const clock = new ManualClock();
    let looks = 0;
    const loop = {
      ...settling,
      observe: () => {
        looks += 1;
        return Promise.resolve();
      },
      plan: () => plan,
    };
    const manager = manage(api, loop, { clock, random: () => random });
    await eventually(() => condition(api, 'a') !== undefined, 'a status');
    await idle();
    clock.advance((wantMs ?? 3_600_000) - 1);
    await idle();
    expect(looks).toBe(1);
    clock.advance(1);
    await idle();
    expect(looks).toBe(wantMs === undefined ? 1 : 2);
    // Its grace is time of the clock that stands still here.
    await manager.stop();
  });
});

/** Sleeps until it is told to end. */
function hang(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('aborted')));
  });
}
