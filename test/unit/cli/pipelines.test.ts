import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../src/host/run.ts';
import { resourceOf } from '../../../src/kube/resource.ts';
import { servedApi } from '../../support/cli.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { object } from '../../support/installation.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import { PATIENCE_MS } from '../../support/until.ts';

/* The program as shells run it: real pipes whose reader is gone, real full disks, real signals. */

const LAMINA = join(import.meta.dirname, '../../../lamina');
const EXAMPLES = join(import.meta.dirname, '../../../examples/local');

let api: Awaited<ReturnType<typeof servedApi>>;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  api = await servedApi();
  await api.client.create(
    resourceOf('ConnectorConfig'),
    object('ConnectorConfig', 'here', { local: {} }),
  );
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function shell(script: string, ...args: readonly string[]) {
  const { code, stderr } = await run('sh', ['-c', script, LAMINA, ...args], {
    okCodes: [0, 1, 2, 3, 141],
    timeoutMs: PATIENCE_MS,
    cwd: folder.path,
  });
  // Everybody may see what a server logs; this is about sentences.
  return { code, said: stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{')) };
}

/** Begins to write when the reader is gone for sure; leaves the writer's exit code. */
const NOBODY_READS =
  'rm -f gone; { while [ ! -e gone ]; do :; done; "$0" "$@"; echo $? >code; } | { exec <&-; : >gone; }; exit $(cat code)';

const FULL_DISK = '"$0" "$@" >/dev/full';

const TOLD = 'lamina: standard output cannot be written: ENOSPC: no space left on device, write';

/** Command lines that print something, with the code that they have when somebody reads it. */
function commandLines(): readonly (readonly string[])[] {
  const connected = ['--data', api.dataDir];
  const commands = ['up', 'job', 'validate', 'status', 'wait', 'approve', 'console', 'version'];
  return [
    ['--help'],
    ...commands.map((command) => [command, '--help']),
    ['version', '-o', 'json'],
    ['validate', EXAMPLES],
    ['status', ...connected],
    ['wait', 'conn/here', '--timeout', '0s', ...connected],
    ['up', '--data', join(folder.path, 'up'), '--log-level', 'error'],
    ['job', '--data', folder.path, '/dev/null'],
  ];
}

describe('output that goes nowhere', () => {
  it('ends every command quietly when the reader has enough', async () => {
    for (const args of commandLines()) {
      expect([args, await shell(NOBODY_READS, ...args)]).toEqual([args, { code: 141, said: [] }]);
    }
  });

  it('ends every command with a sentence when the disk is full', async () => {
    for (const args of commandLines()) {
      expect([args, await shell(FULL_DISK, ...args)]).toEqual([args, { code: 1, said: [TOLD] }]);
    }
  });

  it('is no concern of what is written to standard error', async () => {
    expect(await shell('"$0" nonsense 2>/dev/full')).toEqual({ code: 2, said: [] });
    const args = ['wait', 'conn/here', '--timeout', '0s', '--data', api.dataDir];
    expect(await shell('"$0" "$@" 2>/dev/full', ...args)).toEqual({ code: 3, said: [] });
  });

  it('leaves a reader that takes only the first lines with them', async () => {
    expect((await shell('"$0" --help | head -1 | grep -q Usage')).code).toBe(0);
  });
});

describe('wrong values', () => {
  it.each([
    { args: ['up', '--data', 'x', '--log-level', 'x'], says: 'debug, info, warn, error' },
    { args: ['up', '--data', 'x', '--listen', 'x'], says: 'Give HOST:PORT' },
    { args: ['up', '--data', 'x', '--listen', '127.0.0.1:65536'], says: 'up to 65535' },
    { args: ['up', '--data', 'x', '--listen', '::1:80'], says: 'Give HOST:PORT' },
    { args: ['up', '--data', 'x', '--poll', '5'], says: '"5" is not a duration' },
    { args: ['up', '--data', 'x', '--poll', '0s'], says: 'at least 1s' },
    { args: ['up', '--data', 'x', '-n', 'A_b'], says: 'lower-case letters' },
    { args: ['validate', '-n', '', 'x'], says: 'lower-case letters' },
    { args: ['validate', '-o', 'xml', 'x'], says: 'table, json, yaml' },
    { args: ['status', '-n', 'a/b'], says: 'lower-case letters' },
    { args: ['status', 'x'], says: 'Write KIND/NAME' },
    { args: ['wait', 'imgt/a', '--timeout', 'soon'], says: '"soon" is not a duration' },
    { args: ['wait', 'imgt/a', '--timeout', '999999h'], says: 'at most 596h' },
    { args: ['wait', 'imgt/a', '--for', 'ready!'], says: 'Write the type of a condition' },
  ])('$args are refused as usage, and nothing is begun', async ({ args, says }) => {
    const { code, said } = await shell('"$0" "$@"', ...args);
    expect(code).toBe(2);
    expect(said.join('\n')).toContain(says);
  });
});

describe('lamina up', () => {
  it.each(['/proc/x', '/proc/x/y', '/dev/null', '/dev/null/x'])(
    'says that %s can be no data folder',
    async (path) => {
      const { code, said } = await shell('"$0" up --data "$1"', path);
      expect(code).toBe(1);
      expect(said).toHaveLength(2);
      expect(said[0]).toContain(`the data folder ${path} cannot be made`);
    },
  );

  /** Starts it and ends it after a while; the code or the signal that it ended with. */
  async function endedAfter(delayMs: number, dataDir: string, signal: NodeJS.Signals) {
    const child = spawn(LAMINA, ['up', '--data', dataDir], { stdio: 'ignore' });
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    child.kill(signal);
    const [code, by] = await ended;
    return code ?? by;
  }

  it('obeys a signal at any time of its start', async () => {
    for (const [step, signal] of (['SIGTERM', 'SIGINT'] as const).flatMap((name) =>
      [0, 50, 100, 200, 300, 400, 600, 800].map((delayMs) => [delayMs, name] as const),
    )) {
      const dataDir = join(folder.path, 'signals');
      // Until Node has begun, the signal itself ends it.
      expect([0, signal]).toContain(await endedAfter(step, dataDir, signal));
    }
  });

  it('obeys one although a call hangs in the kernel', async () => {
    const dataDir = join(folder.path, 'hangs');
    await mkdir(join(dataDir, 'pki'), { recursive: true });
    // Nobody ever writes into it, so its reader waits for ever.
    await run('mkfifo', [join(dataDir, 'pki/token')]);
    expect(await endedAfter(2000, dataDir, 'SIGTERM')).toBe('SIGTERM');
  });
});
