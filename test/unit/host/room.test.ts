import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/host/clock.ts';
import { needRoom, roomIn, whileRoom } from '../../../src/host/room.ts';
import { run } from '../../../src/host/run.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';

const asRoot = process.getuid?.() === 0 ? it : it.skip;

/** Runs a function on a file system of its own, of 8 MiB. */
async function onSmall<T>(use: (folder: string) => Promise<T>): Promise<T> {
  await using folder = await temporaryFolder();
  const small = join(folder.path, 'small');
  await mkdir(small);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=8M', 'tmpfs', small]);
  try {
    return await use(small);
  } finally {
    await run('umount', [small]);
  }
}

describe('the room on a file system', () => {
  it('is told with figures and a cure where it does not suffice', async () => {
    await using folder = await temporaryFolder();
    await needRoom(folder.path, 1, 'a byte');
    await expect(needRoom(folder.path, 2 ** 60, 'the disk')).rejects.toMatchObject({
      consequence: 'Denied',
      code: 'NoRoom',
      message: expect.stringMatching(/the disk needs .*TiB, .*iB are free/),
      hint: expect.stringContaining('Free space'),
    });
  });

  asRoot('leaves something for others (only root may mount)', async () => {
    await onSmall(async (folder) => {
      const [room, all] = [await roomIn(folder), 8 * 2 ** 20];
      expect(room).toBeLessThan(all * 0.99);
      expect(room).toBeGreaterThan(all * 0.9);
    });
  });

  asRoot('ends a program before all is full (only root may mount)', async () => {
    await onSmall(async (folder) => {
      const { signal } = new AbortController();
      const writing = { folder, what: 'the test', clock: systemClock, signal };
      const running = whileRoom(writing, (stop) => {
        execFileSync('dd', ['if=/dev/zero', 'bs=1M', 'count=8', `of=${folder}/f`, 'status=none']);
        return run('sleep', ['600'], { signal: stop });
      });
      await expect(running).rejects.toMatchObject({
        code: 'NoRoom',
        message: expect.stringContaining('the test was stopped'),
      });
    });
  });
});
