import { readFile, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { silentLog } from '../../../src/host/log.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { childRunner, type ChildRunnerOptions } from '../../../src/jobs/child-runner.ts';
import type { ConvertJob, JobRunner, JobState } from '../../../src/jobs/spec.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../support/runner.ts';

const SPEC: ConvertJob = {
  kind: 'convert',
  source: { path: 'a', format: 'raw' },
  target: { path: 'b', format: 'raw' },
};

/** Resolves as soon as a job is in a state that fits. */
function until(
  runner: JobRunner,
  name: string,
  fits: (state: JobState) => boolean,
): Promise<JobState> {
  return new Promise((resolve) => {
    const look = () => {
      const state = runner.look(name);
      if (state === undefined || !fits(state)) return;
      stop();
      resolve(state);
    };
    const stop = runner.watch(look);
    look();
  });
}

const ended = (state: JobState) => state.state !== 'running';

const namesPid = (state: JobState) => state.state === 'running' && /^\d+$/.test(state.step);

/** True once a process is gone. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

describe('running jobs as processes', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let runner: JobRunner;
  beforeEach(async () => void (folder = await temporaryFolder()));
  afterEach(async () => {
    await runner.close();
    await folder[Symbol.asyncDispose]();
  });

  async function withWorker(source: string, more: Partial<ChildRunnerOptions> = {}) {
    const workerPath = join(folder.path, 'worker.mjs');
    await writeFile(workerPath, `const say = (v) => console.log(JSON.stringify(v));\n${source}`);
    runner = childRunner({
      workDir: folder.path,
      clock: systemClock,
      log: silentLog,
      workerPath,
      ...more,
    });
  }

  async function starts(): Promise<number> {
    return (await readFile(join(folder.path, 'starts'), 'utf8')).length;
  }

  const HANG = 'process.stdin.resume(); setInterval(() => {}, 1000);';

  it('hands over the specification and gives back the result', async () => {
    await withWorker(`
process.stdin.once('data', (d) => {
  say({ type: 'progress', step: 'half', percent: 50 });
  say({ type: 'result', result: { path: JSON.parse(d).source.path, sizeBytes: 1 } });
  process.exit(0);
});`);
    await runner.start('one', SPEC);
    expect(await until(runner, 'one', ended)).toEqual({
      state: 'succeeded',
      result: { path: 'a', sizeBytes: 1 },
    });
  });

  it.each([
    {
      why: 'a failure is given on',
      body: `say({type:'failure',failure:{consequence:'Denied',code:'X',message:'y'}}); process.exit(1)`,
      code: 'X',
    },
    { why: 'a crash', body: `process.kill(process.pid, 'SIGSEGV')`, code: 'JobCrashed' },
    { why: 'an end without result', body: `process.exit(0)`, code: 'JobCrashed' },
    {
      why: 'a result with exit code 1',
      body: `say({type:'result',result:{}}); process.exit(1)`,
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
    { why: 'time that is over', body: HANG, code: 'JobCrashed' },
    { why: 'a worker that is no program', body: 'syntax error', code: 'JobCrashed' },
  ])('fails with $why', async ({ body, code }) => {
    await withWorker(body, { memoryMb: 128, timeoutMs: 8000 });
    await runner.start('one', SPEC);
    expect(await until(runner, 'one', ended)).toMatchObject({ state: 'failed', failure: { code } });
  });

  it('starts a job once, and again only after it failed or was forgotten', async () => {
    await withWorker(`
import { appendFileSync } from 'node:fs';
appendFileSync('starts', 'x');
say({ type: 'result', result: {} });
process.exit(0);`);
    await runner.start('one', SPEC);
    await runner.start('one', SPEC);
    await until(runner, 'one', ended);
    await runner.start('one', SPEC);
    expect(await starts()).toBe(1);
    await runner.forget('one');
    expect(runner.look('one')).toBeUndefined();
    await runner.start('one', SPEC);
    await until(runner, 'one', ended);
    expect(await starts()).toBe(2);
  });

  it('runs no more at once than it may', async () => {
    await withWorker(`say({ type: 'progress', step: 'up', percent: 0 }); ${HANG}`, {
      concurrency: 1,
    });
    await runner.start('one', SPEC);
    await runner.start('two', SPEC);
    await until(runner, 'one', (state) => state.state === 'running' && state.step === 'up');
    expect(runner.look('two')).toMatchObject({ step: 'Waiting for other jobs' });
    await runner.forget('one');
    await until(runner, 'two', (state) => state.state === 'running' && state.step === 'up');
  });

  it('ends a job with all that it has started', async () => {
    await withWorker(`
import { spawn } from 'node:child_process';
const child = spawn('sleep', ['1000']);
say({ type: 'progress', step: String(child.pid), percent: 0 });
${HANG}`);
    await runner.start('one', SPEC);
    const state = await until(runner, 'one', namesPid);
    const pid = state.state === 'running' ? Number(state.step) : 0;
    expect(isGone(pid)).toBe(false);
    await runner.forget('one');
    while (!isGone(pid)) await new Promise((resolve) => setImmediate(resolve));
  });
});

describe('the process of a job', () => {
  it('ends at once when its parent dies', async () => {
    await using folder = await temporaryFolder();
    const worker = join(import.meta.dirname, '../../../src/main/worker.ts');
    const asked = Promise.withResolvers<void>();
    // A server that never answers keeps the job busy.
    const server = createServer(() => asked.resolve());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const media = [{ name: 'x', url: `http://127.0.0.1:${port}/x`, sha256: '0'.repeat(64) }];
    const pointer = { repository: 'a', tag: 'b', manifest: `sha256:${'0'.repeat(64)}` };
    const spec = {
      kind: 'compose',
      places: { store: join(folder.path, 'store'), work: join(folder.path, 'work') },
      key: 'busy',
      os: pointer,
      deltas: [],
      task: { role: 'package', title: '', steps: [], media, unattended: true },
    };
    const child = spawn(process.execPath, [worker], { cwd: folder.path });
    child.stdin.write(`${JSON.stringify(spec)}\n`);
    await asked.promise;
    child.stdin.end();
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(1);
    server.closeAllConnections();
    server.close();
  });
});
