import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/host/clock.ts';
import { silentLog } from '../../../src/host/log.ts';
import { childRunner, type ChildRunnerOptions } from '../../../src/jobs/child-runner.ts';
import type { JobRunner, JobSpec, JobState } from '../../../src/jobs/spec.ts';
import { ManualClock } from '../../support/clock.ts';
import { idle } from '../../support/eventually.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { copyJob as job } from '../../support/copy-job.ts';
import { jobEnd } from '../../support/job-end.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../support/runner.ts';
import { PATIENCE_MS, until } from '../../support/until.ts';

const ONE = job('one');
const MINUTE = 60_000;

/** Resolves as soon as a job is in a state that fits. */
function state(
  runner: JobRunner,
  spec: JobSpec,
  fits: (state: JobState) => boolean,
): Promise<JobState> {
  return new Promise((resolve) => {
    const look = () => {
      const found = runner.look(spec);
      if (found === undefined || !fits(found)) return;
      stop();
      resolve(found);
    };
    const stop = runner.watch(look);
    look();
  });
}

const isAt = (step: string) => (found: JobState) =>
  found.state === 'running' && found.step === step;

const namesPid = (found: JobState) => found.state === 'running' && /^\d+$/.test(found.step);

const pidOf = (found: JobState) => (found.state === 'running' ? Number(found.step) : 0);

/** True once a process is gone. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

const gone = (pid: number) => until(`process ${pid} is gone`, () => Promise.resolve(isGone(pid)));

const HANG = 'process.stdin.resume(); setInterval(() => {}, 1000);';
const UP = `say({ type: 'progress', step: 'up', percent: 0 }); ${HANG}`;
const DONE = `say({ type: 'done' }); process.exit(0);`;
const failing = (failure: object) =>
  `say({ type: 'failure', failure: ${JSON.stringify(failure)} }); process.exit(1);`;
const TRANSIENT = { consequence: 'Transient', code: 'X', message: 'y' };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let runner: JobRunner;
let clock: ManualClock;
let told: string[];
beforeEach(async () => void (folder = await temporaryFolder()));
afterEach(async () => {
  await runner.close();
  await folder[Symbol.asyncDispose]();
});

/** A runner whose jobs are this program; each start leaves a mark. */
async function withWorker(source: string, more: Partial<ChildRunnerOptions> = {}) {
  const workerPath = join(folder.path, 'worker.mjs');
  const starts = join(folder.path, 'starts');
  await writeFile(starts, '');
  await writeFile(
    workerPath,
    `import { appendFileSync, writeFileSync } from 'node:fs';
appendFileSync(${JSON.stringify(starts)}, 'x');
const say = (v) => console.log(JSON.stringify(v));
${source}`,
  );
  clock = new ManualClock();
  told = [];
  runner = childRunner({
    worker: { store: join(folder.path, 'store'), work: join(folder.path, 'work') },
    clock,
    random: () => 0.5,
    log: silentLog,
    workerPath,
    ...more,
  });
  runner.watch((key) => told.push(key));
}

async function starts(): Promise<number> {
  return (await readFile(join(folder.path, 'starts'), 'utf8')).length;
}

async function advance(spanMs: number): Promise<void> {
  clock.advance(spanMs);
  await idle();
}

describe('running jobs as processes', () => {
  it('hands over specification and surroundings, neither of them in argv', async () => {
    await withWorker(`
process.stdin.once('data', (d) => {
  const { argv, env } = process;
  const worker = JSON.parse(env.LAMINA_WORKER);
  writeFileSync('../seen', JSON.stringify({ spec: JSON.parse(d), worker, argv, cwd: process.cwd() }));
  ${DONE}
});`);
    await runner.start(ONE);
    expect(runner.isBusy('one')).toBe(true);
    expect(await jobEnd(runner, ONE)).toBeUndefined();
    const { argv, ...rest } = JSON.parse(await readFile(join(folder.path, 'seen'), 'utf8')) as {
      argv: string[];
    };
    const [store, work] = [join(folder.path, 'store'), join(folder.path, 'work')];
    expect(rest).toEqual({ spec: ONE, worker: { store, work }, cwd: work });
    expect(argv).toHaveLength(2);
  });

  it.each([
    { why: 'a failure is given on', body: failing(TRANSIENT), code: 'X' },
    { why: 'a crash', body: `process.kill(process.pid, 'SIGSEGV')`, code: 'JobCrashed' },
    { why: 'an end without result', body: `process.exit(0)`, code: 'JobCrashed' },
    {
      why: 'a result with exit code 1',
      body: `say({ type: 'done' }); process.exit(1)`,
      code: 'JobCrashed',
    },
    {
      why: 'a heap that is full',
      body: `const a = []; for (;;) a.push({ n: a.length, s: [a.length] })`,
      code: 'JobCrashed',
    },
    {
      why: 'memory outside the heap',
      body: `globalThis.a = [1, 2, 3, 4].map(() => Buffer.alloc(50e6, 1)); ${HANG}`,
      code: 'JobCrashed',
    },
    { why: 'time that is over', body: HANG, code: 'JobCrashed', timeoutMs: 500 },
    { why: 'a worker that is no program', body: 'syntax error', code: 'JobCrashed' },
  ])('fails with $why', async ({ body, code, timeoutMs = PATIENCE_MS }) => {
    await withWorker(body, { memoryMb: 128, timeoutMs, clock: systemClock });
    await runner.start(ONE);
    expect(await jobEnd(runner, ONE)).toMatchObject({ code });
  });

  it('runs no more at once than it may', async () => {
    await withWorker(UP, { concurrency: 1 });
    await runner.start(ONE);
    await runner.start(job('two'));
    await state(runner, ONE, isAt('up'));
    expect(runner.look(job('two'))).toMatchObject({ step: 'Waiting for other jobs' });
    expect(runner.isBusy('two')).toBe(true);
    await runner.cancel('one');
    await state(runner, job('two'), isAt('up'));
  });

  it('starts in a work folder that somebody wiped', async () => {
    await withWorker(DONE);
    await runner.start(ONE);
    expect(await jobEnd(runner, ONE)).toBeUndefined();
    await rm(join(folder.path, 'work'), { recursive: true });
    await runner.start(job('two'));
    expect(await jobEnd(runner, job('two'))).toBeUndefined();
  });

  it('says so when it cannot start any', async () => {
    await withWorker(DONE, { worker: { store: '', work: join(import.meta.filename, 'x') } });
    await runner.start(ONE);
    expect(await jobEnd(runner, ONE)).toMatchObject({ consequence: 'Transient' });
  });

  it.each([
    { why: 'that is cancelled', body: HANG, cancels: true },
    { why: 'that ended by itself', body: 'setTimeout(() => process.exit(1), 300)', cancels: false },
  ])('ends what was started by a job $why', async ({ body, cancels }) => {
    await withWorker(`
import { spawn } from 'node:child_process';
const child = spawn('sleep', ['1000']);
say({ type: 'progress', step: String(child.pid), percent: 0 });
${body}`);
    await runner.start(ONE);
    const pid = pidOf(await state(runner, ONE, namesPid));
    expect(isGone(pid)).toBe(false);
    if (cancels) await runner.cancel('one');
    await gone(pid);
  });

  it('starts nothing when it is closed', async () => {
    await withWorker(DONE);
    await runner.close();
    await runner.start(ONE);
    expect(runner.look(ONE)).toBeUndefined();
    expect(await starts()).toBe(0);
  });
});

describe('what a runner remembers', () => {
  it('is nothing of a job that ended well: it can be started again when its evidence is gone', async () => {
    await withWorker(DONE);
    for (const count of [1, 2, 3]) {
      await runner.start(ONE);
      await runner.start(ONE);
      await jobEnd(runner, ONE);
      expect(runner.look(ONE)).toBeUndefined();
      expect(runner.isBusy('one')).toBe(false);
      expect(await starts()).toBe(count);
      expect(told.at(-1)).toBe('one');
      await advance(MINUTE);
    }
  });

  it('lets a job wait that ended well and was of no use, so that nothing spins', async () => {
    await withWorker(DONE);
    await runner.start(ONE);
    await jobEnd(runner, ONE);
    for (const [round, delayMs] of [750, 1500, 3000, 6000].entries()) {
      await runner.start(ONE);
      await advance(delayMs - 1);
      expect(runner.look(ONE)).toMatchObject({ step: 'Waiting to run again' });
      expect(await starts()).toBe(round + 1);
      await advance(1);
      expect(await jobEnd(runner, ONE)).toBeUndefined();
      expect(await starts()).toBe(round + 2);
    }
    // Ten minutes later nothing of that is known any more.
    await advance(10 * MINUTE);
    expect(clock.waiting).toBe(0);
    await runner.start(ONE);
    expect(runner.look(ONE)).toMatchObject({ step: 'Starting' });
    await jobEnd(runner, ONE);
    expect(await starts()).toBe(6);
  });

  it('tries a failed job again only when its time has come, and tells when', async () => {
    await withWorker(failing(TRANSIENT));
    for (const [round, delayMs] of [750, 1500, 3000].entries()) {
      await runner.start(ONE);
      if (round > 0) {
        expect(runner.look(ONE)).toMatchObject({ state: 'running', after: TRANSIENT });
      }
      await jobEnd(runner, ONE);
      expect(runner.look(ONE)).toEqual({
        state: 'failed',
        failure: TRANSIENT,
        attempts: round + 1,
        retryAt: clock.now() + delayMs,
      });
      await runner.start(ONE);
      expect(runner.look(ONE)?.state).toBe('failed');
      told.length = 0;
      await advance(delayMs - 1);
      expect(told).toEqual([]);
      await advance(1);
      expect(told).toEqual(['one']);
    }
    expect(await starts()).toBe(3);
  });

  it.each([
    {
      why: 'a cure outside the spec',
      failure: { ...TRANSIENT, consequence: 'Denied' },
      ms: 300_000,
    },
    {
      why: 'nothing but an edit',
      failure: { ...TRANSIENT, consequence: 'Impossible' },
      ms: Infinity,
    },
    {
      why: 'the time that the failure names',
      failure: { ...TRANSIENT, retryAfterMs: 5000 },
      ms: 5000,
    },
  ])('waits for $why', async ({ failure, ms }) => {
    await withWorker(failing(failure));
    await runner.start(ONE);
    await jobEnd(runner, ONE);
    expect(runner.look(ONE)).toMatchObject({ failure, retryAt: clock.now() + ms });
  });

  it.each([
    { why: 'forward', spanMs: 86_400_000 },
    { why: 'back', spanMs: -86_400_000 },
  ])('waits as long as before when the clock is set $why a day', async ({ spanMs }) => {
    await withWorker(failing(TRANSIENT));
    await runner.start(ONE);
    await jobEnd(runner, ONE);
    clock.set(spanMs);
    expect(runner.look(ONE)).toMatchObject({ retryAt: clock.now() + 750 });
    told.length = 0;
    await advance(749);
    expect(told).toEqual([]);
    await advance(1);
    expect(told).toEqual(['one']);
    expect(runner.look(ONE)).toMatchObject({ retryAt: clock.now() });
  });

  it.each([
    { why: 'forward', spanMs: 86_400_000 },
    { why: 'back', spanMs: -86_400_000 },
  ])('has as much time as before when the clock is set $why a day', async ({ spanMs }) => {
    await withWorker(UP, { timeoutMs: MINUTE });
    await runner.start(ONE);
    await state(runner, ONE, isAt('up'));
    clock.set(spanMs);
    for (let second = 0; second < 59; second += 1) await advance(1000);
    expect(runner.look(ONE)).toMatchObject({ state: 'running' });
    for (let second = 0; second < 2; second += 1) await advance(1000);
    expect((await jobEnd(runner, ONE))?.message).toContain('took longer than 60 seconds');
  });

  it('never waits longer than a quarter of an hour, and forgets what nobody asks for', async () => {
    await withWorker(failing(TRANSIENT));
    for (let round = 0; round < 12; round += 1) {
      await runner.start(ONE);
      await jobEnd(runner, ONE);
      const found = runner.look(ONE);
      const retryAt = found?.state === 'failed' ? found.retryAt : Infinity;
      expect(retryAt - clock.now()).toBe(Math.min(750 * 2 ** round, 15 * MINUTE));
      await advance(retryAt - clock.now());
    }
    await advance(10 * MINUTE);
    expect(runner.look(ONE)).toBeUndefined();
    expect(clock.waiting).toBe(0);
  });
});

describe('cancelling the jobs of a key', () => {
  it('ends those that run and drops those that wait, and no others', async () => {
    await withWorker(`say({ type: 'progress', step: String(process.pid), percent: 0 }); ${HANG}`, {
      concurrency: 2,
    });
    const other = job('other');
    const [first, second] = [ONE, job('one', 'second')];
    await runner.start(first);
    await runner.start(other);
    await runner.start(second);
    const pid = pidOf(await state(runner, first, namesPid));
    const otherPid = pidOf(await state(runner, other, namesPid));
    await runner.cancel('one');
    expect(isGone(pid)).toBe(true);
    expect([first, second].map((spec) => runner.look(spec))).toEqual([undefined, undefined]);
    expect(runner.isBusy('one')).toBe(false);
    expect(isGone(otherPid)).toBe(false);
    expect(await starts()).toBe(2);
    // There is room again.
    await runner.start(second);
    await state(runner, second, namesPid);
  });

  it('drops failures, and what is delayed', async () => {
    await withWorker(failing(TRANSIENT));
    await runner.start(ONE);
    await jobEnd(runner, ONE);
    await runner.cancel('one');
    expect(runner.look(ONE)).toBeUndefined();
    await runner.start(ONE);
    await jobEnd(runner, ONE);
    expect(runner.look(ONE)).toMatchObject({ attempts: 1 });

    await writeFile(join(folder.path, 'worker.mjs'), `console.log('{"type":"done"}');`);
    await runner.cancel('one');
    await runner.start(ONE);
    await jobEnd(runner, ONE);
    await runner.start(ONE);
    expect(runner.isBusy('one')).toBe(true);
    await runner.cancel('one');
    expect(runner.isBusy('one')).toBe(false);
    await advance(MINUTE);
    expect(runner.look(ONE)).toBeUndefined();
  });

  it('of which there are none is done at once', async () => {
    await withWorker(DONE);
    await runner.cancel('none');
    expect(runner.isBusy('none')).toBe(false);
  });
});
