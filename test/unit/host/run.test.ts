import { run } from '../../../src/host/run.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { PATIENCE_MS } from '../../support/until.ts';

describe('run', () => {
  it('gives back what the program wrote', async () => {
    expect(await run('sh', ['-c', 'cat; echo err >&2'], { stdin: 'hello' })).toEqual({
      code: 0,
      stdout: 'hello',
      stderr: 'err\n',
    });
  });

  it.each([
    {
      why: 'a missing program is told by name',
      program: 'no-such-program',
      args: [],
      code: 'ProgramMissing',
    },
    {
      why: 'an exit code is a failure',
      program: 'sh',
      args: ['-c', 'echo no >&2; exit 3'],
      code: 'ProgramFailed',
    },
    { why: 'endless output is cut', program: 'yes', args: [], code: 'ProgramTooChatty' },
  ])('$why', async ({ program, args, code }) => {
    const limits = { timeoutMs: PATIENCE_MS, maxOutputBytes: 10_000 };
    await expect(run(program, args, limits)).rejects.toMatchObject({ code });
  });

  it.each([
    {
      why: 'its time was over',
      program: 'sleep',
      args: ['3600'],
      timeoutMs: 200,
      code: 'ProgramTimedOut',
      says: 'took longer than 0.2 seconds',
    },
    {
      why: 'the host killed it',
      program: 'sh',
      args: ['-c', 'kill -9 $$'],
      says: 'killed by SIGKILL (did the host run out of memory?)',
    },
    {
      why: 'somebody ended it',
      program: 'sh',
      args: ['-c', 'kill $$; sleep 3600'],
      says: 'SIGTERM',
    },
    {
      why: 'it broke',
      program: 'sh',
      args: ['-c', 'kill -SEGV $$'],
      code: 'ProgramCrashed',
      says: 'SIGSEGV',
    },
  ])(
    'says of a program that was killed that $why',
    async ({ program, args, timeoutMs = PATIENCE_MS, code = 'ProgramKilled', says }) => {
      await expect(run(program, args, { timeoutMs })).rejects.toMatchObject({
        consequence: 'Transient',
        code,
        message: expect.stringContaining(says),
      });
    },
  );

  it('hands no variable of ours to the program', async () => {
    const { stdout } = await run('env', []);
    const names = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.replace(/=.*/, ''));
    expect(new Set(names)).toEqual(new Set(['LC_ALL', 'PATH']));
  });
});
