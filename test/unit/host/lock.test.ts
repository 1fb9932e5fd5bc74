import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { holdAlone } from '../../../src/host/lock.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';

const MODULE = new URL('../../../src/host/lock.ts', import.meta.url).href;

describe('holdAlone', () => {
  it('refuses a second process and follows one that was killed', async () => {
    await using folder = await temporaryFolder();
    const lock = join(folder.path, 'lock');
    const script = `const { holdAlone } = await import(${JSON.stringify(MODULE)});
      holdAlone(${JSON.stringify(lock)}, 'x'); console.log('held'); setInterval(() => 0, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
    await once(child.stdout, 'data');
    expect(() => holdAlone(lock, 'the folder x')).toThrow('the folder x is in use');
    child.kill('SIGKILL');
    await once(child, 'exit');
    holdAlone(lock, 'x')();
  });
});
