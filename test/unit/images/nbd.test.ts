import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run, type Run } from '../../../src/host/run.ts';
import { withNbd } from '../../../src/images/nbd.ts';
import { openDisk } from '../../../src/images/open-disk.ts';
import { checkDisk, createOverlay } from '../../../src/images/qemu-img.ts';
import type { DiskFile } from '../../../src/images/source.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { until } from '../../support/until.ts';

async function overlay(folder: string): Promise<DiskFile> {
  const base: DiskFile = { path: join(folder, 'base.raw'), format: 'raw' };
  await run('truncate', ['-s', '20M', base.path]);
  return createOverlay(run, { path: join(folder, 'o.qcow2'), backing: base });
}

/** Runs programs and tells when one of them has ended. */
function watched(): { readonly run: Run; readonly ended: () => number } {
  let ended = 0;
  const counting: Run = (...call) => run(...call).finally(() => (ended += 1));
  return { run: counting, ended: () => ended };
}

describe('a served disk', () => {
  it('holds what was written, at any alignment, when the server has ended', async () => {
    await using folder = await temporaryFolder();
    const disk = await overlay(folder.path);
    const server = watched();
    const seen = await withNbd(disk, { run: server.run, runDir: folder.path }, async (client) => {
      await Promise.all([
        client.write(1024, Buffer.alloc(1024, 1)),
        client.write(2 ** 20 + 3, Buffer.alloc(3 * 2 ** 20, 2)),
        client.write(20 * 2 ** 20 - 1, Buffer.alloc(1, 3)),
      ]);
      await client.flush();
      return client.sizeBytes;
    });
    expect(seen).toBe(20 * 2 ** 20);
    expect(server.ended()).toBe(1);
    await checkDisk(run, disk);
    const read = await openDisk(disk, { run });
    const all = Buffer.alloc(20 * 2 ** 20);
    read.readInto(0, all);
    read.close();
    const wanted = Buffer.alloc(20 * 2 ** 20);
    wanted
      .fill(1, 1024, 2048)
      .fill(2, 2 ** 20 + 3, 4 * 2 ** 20 + 3)
      .fill(3, 20 * 2 ** 20 - 1);
    expect(all.equals(wanted)).toBe(true);
  });

  it('is given up in order when the work fails', async () => {
    await using folder = await temporaryFolder();
    const disk = await overlay(folder.path);
    const server = watched();
    const work = withNbd(disk, { run: server.run, runDir: folder.path }, () =>
      Promise.reject(new Error('no more')),
    );
    await expect(work).rejects.toThrow('no more');
    // The lock is free again.
    await withNbd(disk, { run, runDir: folder.path }, (client) => client.flush());
    expect(server.ended()).toBe(1);
  });

  it('refuses what lies beyond it, and goes on', async () => {
    await using folder = await temporaryFolder();
    const disk = await overlay(folder.path);
    await withNbd(disk, { run, runDir: folder.path }, async (client) => {
      await expect(client.write(20 * 2 ** 20, Buffer.alloc(512))).rejects.toThrow('refused');
      await client.write(0, Buffer.alloc(512, 5));
    });
  });

  it('fails with the words of the server when that cannot start', async () => {
    await using folder = await temporaryFolder();
    const work = withNbd(
      { path: join(folder.path, 'absent'), format: 'raw' },
      { run, runDir: folder.path },
      () => Promise.resolve(),
    );
    await expect(work).rejects.toMatchObject({
      code: 'ProgramFailed',
      message: expect.stringContaining('No such file'),
    });
  });

  it('stops when it is told to', async () => {
    await using folder = await temporaryFolder();
    const disk = await overlay(folder.path);
    const stop = new AbortController();
    const work = withNbd(
      disk,
      { run, runDir: folder.path, signal: stop.signal },
      async (client) => {
        stop.abort();
        for (;;) await client.write(0, Buffer.alloc(512));
      },
    );
    await expect(work).rejects.toBeDefined();
    await withNbd(disk, { run, runDir: folder.path }, (client) => client.flush());
  });

  it('is free again when our process is killed', async () => {
    await using folder = await temporaryFolder();
    const disk = await overlay(folder.path);
    const source = (name: string) => JSON.stringify(join(process.cwd(), 'src', name));
    const code = `
      const { withNbd } = await import(${source('images/nbd.ts')});
      const { run } = await import(${source('host/run.ts')});
      await withNbd(${JSON.stringify(disk)}, { run, runDir: ${JSON.stringify(folder.path)} }, () => {
        console.log('serving');
        return new Promise(() => setInterval(() => undefined, 1000));
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code]);
    await once(child.stdout, 'data');
    await expect(
      withNbd(disk, { run, runDir: folder.path }, () => Promise.resolve()),
    ).rejects.toMatchObject({ message: expect.stringContaining('lock') });
    child.kill('SIGKILL');
    await until('the disk is free', () =>
      withNbd(disk, { run, runDir: folder.path }, () => Promise.resolve(true)).catch(() => false),
    );
  });

  it('needs a short folder', async () => {
    await using folder = await temporaryFolder();
    const runDir = join(folder.path, 'long'.repeat(30));
    await mkdir(runDir);
    const work = withNbd(await overlay(folder.path), { run, runDir }, () => Promise.resolve());
    await expect(work).rejects.toMatchObject({ code: 'SocketPathTooLong' });
  });
});
