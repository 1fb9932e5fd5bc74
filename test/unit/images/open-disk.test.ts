import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../src/host/run.ts';
import { openDisk } from '../../../src/images/open-disk.ts';
import { part } from '../../../src/images/part.ts';
import { convertDisk, createOverlay } from '../../../src/images/qemu-img.ts';
import type { ByteSource, DiskFile } from '../../../src/images/source.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { writeQcow2 } from '../../support/qcow2.ts';
import { seeded } from '../../support/random.ts';
import { describe, expect, it } from '../../support/runner.ts';

const MIB = 2 ** 20;

async function io(disk: DiskFile, ...commands: readonly string[]): Promise<void> {
  await run('qemu-io', [
    '-f',
    disk.format,
    '-d',
    'unmap',
    ...commands.flatMap((c) => ['-c', c]),
    disk.path,
  ]);
}

/** What the topmost files of a chain hold, neighbours joined. */
function above({ extents }: ByteSource, depth: number) {
  const ranges: { start: number; length: number }[] = [];
  for (const extent of extents.filter((extent) => extent.depth < depth)) {
    const last = ranges.at(-1);
    if (last?.start !== undefined && last.start + last.length === extent.start)
      last.length += extent.length;
    else ranges.push({ start: extent.start, length: extent.length });
  }
  return ranges;
}

/** Three files: raw, an overlay, and a larger overlay with discards on top. */
async function chain(folder: string): Promise<DiskFile> {
  const base: DiskFile = { path: join(folder, 'base.raw'), format: 'raw' };
  await run('truncate', ['-s', '20M', base.path]);
  await io(base, 'write -P 1 0 1M', 'write -P 2 5M 3M');
  const middle = await createOverlay(run, { path: join(folder, 'middle.qcow2'), backing: base });
  await io(middle, 'write -P 3 512k 4k', 'write -P 4 6M 100k', 'write -P 5 12M 1M');
  const top = await createOverlay(run, {
    path: join(folder, 'top.qcow2'),
    backing: middle,
    sizeBytes: 24 * MIB,
  });
  await io(top, 'write -P 6 516k 4k', 'write -z 5M 256k', 'discard 12M 512k', 'write -P 7 22M 64k');
  return top;
}

describe('a chain of overlays', () => {
  it('reads as qemu-img reads it, at any place', async () => {
    await using folder = await temporaryFolder();
    const top = await chain(folder.path);
    const flat: DiskFile = { path: join(folder.path, 'flat.raw'), format: 'raw' };
    await convertDisk(run, top, flat);
    const wanted = await readFile(flat.path);
    const disk = await openDisk(top, { run, roots: [folder.path] });
    expect(disk.sizeBytes).toBe(24 * MIB);
    expect(disk.chain.map(({ path }) => path.slice(folder.path.length))).toEqual([
      '/top.qcow2',
      '/middle.qcow2',
      '/base.raw',
    ]);
    const all = Buffer.alloc(disk.sizeBytes, 0xff);
    disk.readInto(0, all);
    expect(all.equals(wanted)).toBe(true);
    const random = seeded(7);
    for (let i = 0; i < 500; i += 1) {
      const start = Math.floor(random() * disk.sizeBytes);
      const target = Buffer.alloc(
        Math.min(Math.floor(random() * 300_000), disk.sizeBytes - start),
        0xff,
      );
      disk.readInto(start, target);
      expect(target.equals(wanted.subarray(start, start + target.length))).toBe(true);
    }
    const slice = part(disk, 5 * MIB + 1, 2 * MIB);
    const inside = Buffer.alloc(2 * MIB);
    slice.readInto(0, inside);
    expect(inside.equals(wanted.subarray(5 * MIB + 1, 7 * MIB + 1))).toBe(true);
    expect(slice.extents.reduce((sum, { length }) => sum + length, 0)).toBe(2 * MIB);
    expect(() => slice.readInto(2 * MIB - 1, Buffer.alloc(2))).toThrow('beyond the partition');
    expect(() => disk.readInto(disk.sizeBytes - 1, Buffer.alloc(2))).toThrow('beyond the disk');
    disk.close();
  });

  it('knows what changed above a file, zeroed and discarded ranges included', async () => {
    await using folder = await temporaryFolder();
    const top = await chain(folder.path);
    // The ranges are the writes themselves, to the 4 KiB of our overlays.
    const disk = await openDisk(top, { run });
    expect(above(disk, 1)).toEqual([
      { start: 516 * 1024, length: 4096 },
      { start: 5 * MIB, length: 256 * 1024 },
      { start: 12 * MIB, length: 512 * 1024 },
      { start: 22 * MIB, length: 64 * 1024 },
    ]);
    expect(above(disk, 2)).toEqual([
      { start: 512 * 1024, length: 8192 },
      { start: 5 * MIB, length: 256 * 1024 },
      { start: 6 * MIB, length: 100 * 1024 },
      { start: 12 * MIB, length: MIB },
      { start: 22 * MIB, length: 64 * 1024 },
    ]);
    disk.close();
  });

  it.each([
    {
      why: 'outside of the allowed folders',
      backing: '/etc/hostname',
      format: 'raw',
      says: 'leaves the allowed folders',
    },
    {
      why: 'by a protocol',
      backing: 'json:{"driver":"file","filename":"/etc/hostname"}',
      format: 'raw',
      says: 'no plain path',
    },
    {
      why: 'of another format',
      backing: 'base.vmdk',
      format: 'vmdk',
      says: 'does not say the format',
    },
    { why: 'that is itself', backing: 'top.qcow2', format: 'qcow2', says: 'more than 32 files' },
  ])('refuses a backing file $why', async ({ backing, format, says }) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'top.qcow2');
    await run('qemu-img', [
      'create',
      '-q',
      '-u',
      '-f',
      'qcow2',
      '-b',
      backing,
      '-F',
      format,
      path,
      '1M',
    ]);
    const opened = openDisk({ path, format: 'qcow2' }, { run, roots: [folder.path] });
    await expect(opened).rejects.toMatchObject({
      code: 'DiskRefused',
      message: expect.stringContaining(says),
    });
  });

  it.each([
    { why: 'the end of its file', offset: 2 ** 40 },
    { why: 'what a number can tell', offset: 2 ** 53 },
  ])('fails where a table leads beyond $why', async ({ offset }) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'd.qcow2');
    writeQcow2(path, { sizeBytes: MIB });
    const bytes = await readFile(path);
    // The table of the second level is the fifth cluster.
    bytes.writeBigUInt64BE(BigInt(offset), 4 * 65_536);
    await writeFile(path, bytes);
    const read = async () => {
      const disk = await openDisk({ path, format: 'qcow2' }, { run });
      try {
        disk.readInto(0, Buffer.alloc(512));
      } finally {
        disk.close();
      }
    };
    await expect(read()).rejects.toMatchObject({
      code: 'DamagedDisk',
      message: expect.stringContaining('leads beyond its end'),
    });
  });

  it('says what to do with compressed clusters', async () => {
    await using folder = await temporaryFolder();
    const disk: DiskFile = { path: join(folder.path, 'c.qcow2'), format: 'qcow2' };
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', disk.path, '1M']);
    await io(disk, 'write -c -P 9 0 64k');
    await expect(openDisk(disk, { run })).rejects.toMatchObject({
      code: 'CompressedDisk',
      hint: expect.stringContaining('qemu-img convert'),
    });
  });
});

describe('conversion', () => {
  it('leaves nothing behind when it fails', async () => {
    await using folder = await temporaryFolder();
    const top = await chain(folder.path);
    await rm(join(folder.path, 'base.raw'));
    const target: DiskFile = { path: join(folder.path, 'flat.raw'), format: 'raw' };
    await expect(convertDisk(run, top, target)).rejects.toMatchObject({ code: 'ProgramFailed' });
    const { stdout } = await run('ls', ['-A', folder.path]);
    expect(stdout).toBe('middle.qcow2\ntop.qcow2\n');
  });
});
