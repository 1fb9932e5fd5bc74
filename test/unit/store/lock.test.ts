import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../../src/core/clock.ts';
import { run } from '../../../src/host/run.ts';
import { layoutOf } from '../../../src/store/layout.ts';
import { StoreLock } from '../../../src/store/lock.ts';
import { livenessOf, thisProcess } from '../../../src/store/owner.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { storeIn } from './fixtures.ts';

const HOLDER = fileURLToPath(new URL('lock-holder.ts', import.meta.url));

/** A clock that never waits: each sleep moves it on. */
function eagerClock(): Clock {
  let now = Date.now();
  return {
    now: () => now,
    elapsed: () => now,
    sleep: (delayMs) => {
      now += delayMs;
      return Promise.resolve();
    },
  };
}

async function emptyStore(folder: string) {
  await storeIn(folder);
  return layoutOf(join(folder, 'store'));
}

describe('the lock of the store', () => {
  it('is taken over from dead owners once each, whoever wants it', async () => {
    await using folder = await temporaryFolder();
    const { root } = await emptyStore(folder.path);
    const counter = join(folder.path, 'counter');
    await writeFile(counter, '0');
    const children: readonly ChildProcess[] = Array.from({ length: 6 }, (_, i) =>
      spawn(process.execPath, [HOLDER, root, counter, i < 3 ? '1' : '15', i < 3 ? 'dies' : ''], {
        stdio: ['ignore', 'ignore', 'inherit'],
      }),
    );
    await Promise.all(children.map((child) => once(child, 'close')));
    expect(await readFile(counter, 'utf8')).toBe(String(3 + 3 * 15));
  });

  it('is waited for, but not for ever', async () => {
    await using folder = await temporaryFolder();
    const layout = await emptyStore(folder.path);
    await new StoreLock(layout, eagerClock()).hold(async () => {
      const other = new StoreLock(layout, eagerClock());
      await expect(other.hold(() => Promise.resolve())).rejects.toMatchObject({
        consequence: 'Busy',
        code: 'StoreLocked',
        message: expect.stringContaining(layout.root),
      });
    });
  });

  it('goes on after an error inside', async () => {
    await using folder = await temporaryFolder();
    const lock = new StoreLock(await emptyStore(folder.path), eagerClock());
    await expect(lock.hold(() => Promise.reject(new Error('inside')))).rejects.toThrow('inside');
    expect(await lock.hold(() => Promise.resolve(1))).toBe(1);
  });
});

describe('an owner', () => {
  it('runs while it runs, and is not mistaken for a later process of its number', async () => {
    expect(livenessOf(thisProcess())).toBe('running');
    expect(livenessOf({ ...thisProcess(), start: '1' })).toBe('gone');
    expect(livenessOf({ ...thisProcess(), pid: 2 ** 22 + 1 })).toBe('gone');
    expect(livenessOf({ ...thisProcess(), host: 'elsewhere' })).toBe('unknown');
    const { stdout } = await run('cut', ['-d', ' ', '-f', '22', `/proc/${process.pid}/stat`]);
    expect(thisProcess().start).toBe(stdout.trim());
  });
});
