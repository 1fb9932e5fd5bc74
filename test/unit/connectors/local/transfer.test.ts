import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { HandedOut, UploadWanted } from '../../../../src/connectors/connector.ts';
import { localTransfer } from '../../../../src/connectors/local/transfer.ts';
import { isFile } from '../../../../src/host/files.ts';
import { readChain } from '../../../../src/images/chain.ts';
import { run } from '../../../../src/host/run.ts';
import { BOOT_COUNT_OFFSET } from '../../../support/boot-sector.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { localOptions } from '../../../support/local-platform.ts';
import { readDisk } from '../../../support/read-disk.ts';
import { describe, expect, it } from '../../../support/runner.ts';

const SIZE = 2 ** 20;
const options = {
  signal: new AbortController().signal,
  progress: () => undefined,
  check: () => Promise.resolve(),
};

/** A composed disk as jobs make it, in `work/composed/<id>/`. */
async function compose(work: string, backing = 'base.raw'): Promise<UploadWanted> {
  const folder = join(work, 'composed', 'c-1');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'base.raw'), Buffer.alloc(SIZE, 7));
  const path = join(folder, 'disk.qcow2');
  const how = 'create -q -f qcow2 -F raw -b'.split(' ');
  await run('qemu-img', [
    ...how,
    backing === 'absolute' ? join(folder, 'base.raw') : backing,
    path,
  ]);
  await run('qemu-io', ['-f', 'qcow2', '-c', `write -P 9 ${BOOT_COUNT_OFFSET} 512`, path]);
  return { path, format: 'qcow2', sizeBytes: SIZE, composition: 'c-1' };
}

async function place(parent?: string) {
  const folder = await temporaryFolder();
  const data = parent ?? folder.path;
  const machinesDir = join(data, 'machines');
  await mkdir(machinesDir, { recursive: true });
  const settings = localOptions({
    machinesDir,
    runDir: join(folder.path, 'run'),
    installId: 'ours',
  });
  return {
    work: join(folder.path, 'work'),
    machine: join(machinesDir, 'k'),
    transfer: localTransfer(settings),
    settings,
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

const marker = async (machine: string): Promise<unknown> =>
  JSON.parse(await readFile(join(machine, 'disk.json'), 'utf8'));

describe('an upload', () => {
  it('hands out the composed files, so that nothing is copied and work may be wiped', async () => {
    await using at = await place();
    const disk = await compose(at.work);
    const inodes = [disk.path, join(disk.path, '../base.raw')].map(
      async (path) => (await stat(path)).ino,
    );
    await at.transfer.upload('k', disk, options);
    const linked = ['disk.qcow2', 'base.raw'].map(async (name) => {
      return (await stat(join(at.machine, 'base', name))).ino;
    });
    expect(await Promise.all(linked)).toEqual(await Promise.all(inodes));
    await rm(at.work, { recursive: true });
    await using got = await at.transfer.download({ of: 'machine', key: 'k' }, '/none', options);
    expect(got.roots).toEqual([at.machine]);
    const { files } = readChain(got.disk, got.roots);
    expect(files.map(({ path }) => basename(path))).toEqual([
      'disk.qcow2',
      'disk.qcow2',
      'base.raw',
    ]);
    expect((await readDisk(got.disk, BOOT_COUNT_OFFSET - 1, 2)).toString('hex')).toBe('0709');
    expect(await marker(at.machine)).toEqual({
      installId: 'ours',
      key: 'k',
      state: 'ready',
      attempt: expect.stringMatching(/^[0-9a-f]{12}$/),
      composition: 'c-1',
    });
    expect((await readdir(at.machine)).sort()).toEqual(['base', 'disk.json', 'disk.qcow2']);
  });

  it('copies where links cannot be made', async () => {
    // Memory is a file system of its own.
    const other = await mkdtemp('/dev/shm/lam-');
    await using ends = new AsyncDisposableStack();
    ends.defer(() => rm(other, { recursive: true }));
    await using at = await place(other);
    const disk = await compose(at.work);
    await at.transfer.upload('k', disk, options);
    expect((await stat(join(at.machine, 'base', 'base.raw'))).nlink).toBe(1);
    await rm(at.work, { recursive: true });
    await using got = await at.transfer.download({ of: 'machine', key: 'k' }, '/none', options);
    expect((await readDisk(got.disk, BOOT_COUNT_OFFSET - 1, 2)).toString('hex')).toBe('0709');
  });

  it.each([
    { why: 'names its base by a path that would not hold', backing: 'absolute' },
    { why: 'lies on a file elsewhere', backing: '../../secret.raw' },
  ])('refuses a disk that $why', async ({ backing }) => {
    await using at = await place();
    await mkdir(at.work);
    await writeFile(join(at.work, 'secret.raw'), Buffer.alloc(SIZE));
    const disk = await compose(at.work, backing);
    await expect(at.transfer.upload('k', disk, options)).rejects.toMatchObject({
      message: expect.stringContaining('leaves the allowed folders'),
    });
    expect(await readdir(at.machine)).toEqual(['disk.json']);
    expect(await marker(at.machine)).toMatchObject({ state: 'filling' });
  });

  it('leaves a disk of an older release as it is', async () => {
    await using at = await place();
    const disk = await compose(at.work, 'absolute');
    await mkdir(at.machine);
    await run('qemu-img', [
      ...'create -q -f qcow2 -F qcow2 -b'.split(' '),
      disk.path,
      join(at.machine, 'disk.qcow2'),
    ]);
    const old = { installId: 'ours', key: 'k', source: disk.path, state: 'ready' };
    await writeFile(join(at.machine, 'disk.json'), JSON.stringify(old));
    await at.transfer.upload('k', disk, options);
    expect(await marker(at.machine)).toEqual(old);
    await using got = await at.transfer.download({ of: 'machine', key: 'k' }, '/none', options);
    expect(got.roots).toEqual([at.machine, at.work]);
    expect(readChain(got.disk, got.roots).files.length).toBe(3);
  });

  it('replaces what killed attempts left', async () => {
    await using at = await place();
    const disk = await compose(at.work);
    await mkdir(join(at.machine, '.upload-0123456789ab', 'base'), { recursive: true });
    await mkdir(join(at.machine, 'base'));
    await writeFile(join(at.machine, 'base', 'half'), 'written');
    const filling = { installId: 'ours', key: 'k', state: 'filling', attempt: '0123456789ab' };
    await writeFile(join(at.machine, 'disk.json'), JSON.stringify(filling));
    await at.transfer.upload('k', disk, options);
    expect((await readdir(at.machine)).sort()).toEqual(['base', 'disk.json', 'disk.qcow2']);
    expect((await readdir(join(at.machine, 'base'))).sort()).toEqual(['base.raw', 'disk.qcow2']);
  });
});

describe('a folder with a machine', () => {
  it.each(['ready', 'of a newer release', 'filling'])(
    'keeps its disk, though its marker says "%s"',
    async (state) => {
      await using at = await place();
      const disk = await compose(at.work);
      await mkdir(at.machine);
      const mark = { installId: 'ours', key: 'k' };
      const kept = { ...mark, state, composition: 'c-0' };
      await writeFile(join(at.machine, 'disk.json'), JSON.stringify(kept));
      await writeFile(join(at.machine, 'machine.json'), JSON.stringify(mark));
      await writeFile(join(at.machine, 'disk.qcow2'), 'years of work');
      await expect(at.transfer.upload('k', disk, options)).rejects.toMatchObject({
        consequence: 'Conflict',
        code: 'OtherDisk',
        hint: expect.stringContaining('Delete the machine first'),
      });
      expect(await marker(at.machine)).toEqual(kept);
      expect(await readFile(join(at.machine, 'disk.qcow2'), 'utf8')).toBe('years of work');
    },
  );
});

describe('a folder that a deleted machine left with its log', () => {
  it('takes a disk again', async () => {
    await using at = await place();
    const disk = await compose(at.work);
    await mkdir(at.machine);
    await writeFile(join(at.machine, 'serial.log'), 'login:');
    await at.transfer.upload('k', disk, options);
    expect(await marker(at.machine)).toMatchObject({ state: 'ready' });
  });
});

describe('a copy', () => {
  it('leaves nothing when it fails', async () => {
    await using at = await place();
    await at.transfer.upload('k', await compose(at.work), options);
    const full = new Error('no space left on device');
    const failing = localTransfer({
      ...at.settings,
      run: async (program, args, how) => {
        await run(program, args, how);
        throw full;
      },
    });
    await expect(failing.copy('k', 'one', options)).rejects.toBe(full);
    expect(await readdir(join(at.machine, 'snapshots'))).toEqual([]);
  });

  it('tells how far it is, stands alone, and removes what killed ones left', async () => {
    await using at = await place();
    const disk = await compose(at.work);
    await at.transfer.upload('k', disk, options);
    await mkdir(join(at.machine, 'snapshots'));
    await writeFile(join(at.machine, 'snapshots', '.one.0123456789ab.partial'), 'half');
    const told: number[] = [];
    await at.transfer.copy('k', 'one', { ...options, progress: (percent) => told.push(percent) });
    expect(told.at(-1)).toBe(100);
    expect(await readdir(join(at.machine, 'snapshots'))).toEqual(['one.qcow2']);
    await rm(join(at.machine, 'base'), { recursive: true });
    const path = join(at.machine, 'snapshots', 'one.qcow2');
    expect(
      (await readDisk({ path, format: 'qcow2' }, BOOT_COUNT_OFFSET - 1, 2)).toString('hex'),
    ).toBe('0709');
    expect((await stat(path)).mode & 0o777).toBe(0o444);
  });

  it('is judged by a look at the disk while it is held, and not made if that throws', async () => {
    await using at = await place();
    await at.transfer.upload('k', await compose(at.work), options);
    const changed = new Error('it is another disk');
    const seen: string[] = [];
    const check = async ({ disk, roots }: HandedOut) => {
      const again = at.transfer.download({ of: 'machine', key: 'k' }, '/none', options);
      await expect(again).rejects.toMatchObject({ consequence: 'Busy', code: 'DiskInUse' });
      seen.push(...readChain(disk, roots).files.map(({ path }) => basename(path)));
      throw changed;
    };
    await expect(at.transfer.copy('k', 'one', { ...options, check })).rejects.toBe(changed);
    expect(seen).toEqual(['disk.qcow2', 'disk.qcow2', 'base.raw']);
    expect(await isFile(join(at.machine, 'snapshots', 'one.qcow2'))).toBe(false);
    await at.transfer.copy('k', 'one', options);
    // What is published was judged then.
    await at.transfer.copy('k', 'one', { ...options, check });
  });

  it('waits for nobody: a disk that is being read is Busy', async () => {
    await using at = await place();
    await at.transfer.upload('k', await compose(at.work), options);
    const held = await at.transfer.download({ of: 'machine', key: 'k' }, '/none', options);
    const busy = { consequence: 'Busy', code: 'DiskInUse' };
    await expect(at.transfer.copy('k', 'one', options)).rejects.toMatchObject(busy);
    const again = at.transfer.download({ of: 'machine', key: 'k' }, '/none', options);
    await expect(again).rejects.toMatchObject(busy);
    await held[Symbol.asyncDispose]();
    await at.transfer.copy('k', 'one', options);
  });
});
