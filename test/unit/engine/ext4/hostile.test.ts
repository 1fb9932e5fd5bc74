import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { itemsOf } from '../../../../src/engine/capture/items.ts';
import { touchedInodes } from '../../../../src/engine/capture/touched.ts';
import { writeDelta } from '../../../../src/engine/delta/write.ts';
import { isFailure } from '../../../../src/core/failure.ts';
import { metadataBlocks } from '../../../../src/engine/ext4/write/metadata-blocks.ts';
import { openExt4 } from '../../../../src/engine/ext4/reader.ts';
import type { ByteSource } from '../../../../src/images/source.ts';
import { part } from '../../../../src/images/part.ts';
import { run } from '../../../../src/host/run.ts';
import {
  makeExt4,
  whyNoMount,
  withMount,
  withVolume,
  writePattern,
} from '../../../support/ext4.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { memorySource } from '../../../support/memory-source.ts';
import { seeded } from '../../../support/random.ts';
import { describe, expect, it } from '../../../support/runner.ts';
import { runs, SEED } from '../../../support/soak.ts';

const reason = await whyNoMount();
const mounted = reason === undefined ? it : it.skip;
const suffix = reason === undefined ? '' : ` (skipped: ${reason})`;

/** A folder that mke2fs copies, with enough in it to need every structure. */
async function sample(folder: string): Promise<string> {
  const from = join(folder, 'from');
  await mkdir(join(from, 'many'), { recursive: true });
  await writePattern(join(from, 'large'), 900_000);
  await symlink('x'.repeat(300), join(from, 'slow'));
  for (let i = 0; i < 400; i += 1) await writeFile(join(from, 'many', `name-${i}`), String(i));
  return from;
}

/** Reads all that can be read; counts what failed, and what it took. Anything but a Failure is a bug. */
function readAll(bytes: Uint8Array): { readonly failures: number; readonly steps: number } {
  let failures = 0;
  let steps = 0;
  const source = memorySource(bytes);
  const counted: ByteSource = {
    ...source,
    readInto: (start, target) => {
      steps += 1;
      source.readInto(start, target);
    },
  };
  const attempt = (work: () => void) => {
    try {
      work();
    } catch (error) {
      if (!isFailure(error)) throw error;
      failures += 1;
    }
  };
  attempt(() => {
    const volume = openExt4(counted);
    for (const inode of volume.inodes()) {
      attempt(() => {
        for (const _ of volume.ranges(inode)) steps += 1;
      });
      attempt(() => {
        const { type } = volume.meta(inode);
        if (type === 'directory') steps += volume.list(inode).length;
        if (type !== 'file') return;
        for (const piece of volume.pieces(inode)) {
          piece.read().at(0);
          steps += 1;
        }
      });
    }
    attempt(() => volume.lookup('/many/name-7'));
    attempt(() => {
      for (const _ of metadataBlocks(volume)) steps += 1;
    });
  });
  return { failures, steps };
}

describe('a damaged volume', () => {
  it.each([
    { why: 'without checksums, extents', options: ['-O', '^metadata_csum,^has_journal'] },
    {
      why: 'without checksums, block maps',
      options: ['-O', '^metadata_csum,^extent,^64bit,^has_journal'],
    },
    { why: 'with checksums', options: ['-O', '^has_journal'] },
  ])('fails in bounded time and never with anything but a Failure: $why', async ({ options }) => {
    await using folder = await temporaryFolder();
    const image = join(folder.path, 'disk.img');
    await makeExt4(image, '8M', ['-b', '1024', '-d', await sample(folder.path), ...options]);
    const good = await readFile(image);
    const whole = readAll(good);
    expect(whole.failures).toBe(0);
    const places = await withVolume({ path: image, format: 'raw' }, (volume) =>
      [...metadataBlocks(volume)].flatMap(({ block, count }) =>
        Array.from({ length: count }, (_, i) => (block + i) * 1024).filter((at) =>
          good.subarray(at, at + 1024).some((byte) => byte !== 0),
        ),
      ),
    );
    let noticed = 0;
    let worst = 0;
    for (let seed = SEED; seed < SEED + runs(5000); seed += 1) {
      const random = seeded(seed);
      const bytes = Buffer.from(good);
      for (let i = 0; i < 1 + Math.floor(random() * 4); i += 1) {
        const at =
          (places[Math.floor(random() * places.length)] ?? 0) + 4 * Math.floor(random() * 256);
        if (random() < 0.5)
          bytes.writeUInt8((bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8)), at);
        else bytes.writeUInt32LE(random() < 0.3 ? 0xffffffff : Math.floor(random() * 9000), at);
      }
      const end = random() < 0.1 ? Math.floor((random() * bytes.length) / 512) * 512 : bytes.length;
      const { failures, steps } = readAll(bytes.subarray(0, end));
      if (failures > 0) noticed += 1;
      worst = Math.max(worst, steps / whole.steps);
    }
    expect(noticed).toBeGreaterThan(50);
    console.log(whole.steps, worst);
  });
});

describe('a volume that is refused', () => {
  it.each([
    {
      why: 'bigalloc',
      options: ['-O', 'bigalloc'],
      code: 'UnsupportedFileSystem',
      says: 'bigalloc',
    },
    {
      why: 'inline data',
      options: ['-O', 'inline_data'],
      code: 'UnsupportedFileSystem',
      says: 'inline_data',
    },
    {
      why: 'casefold',
      options: ['-O', 'casefold'],
      code: 'UnsupportedFileSystem',
      says: 'casefold',
    },
    {
      why: 'encryption',
      options: ['-O', 'encrypt'],
      code: 'UnsupportedFileSystem',
      says: 'encrypt',
    },
    {
      why: 'attributes in inodes',
      options: ['-O', 'ea_inode'],
      code: 'UnsupportedFileSystem',
      says: 'ea_inode',
    },
    { why: 'several mounts', options: ['-O', 'mmp'], code: 'UnsupportedFileSystem', says: 'mmp' },
  ])('$why is refused by name', async ({ options, code, says }) => {
    await using folder = await temporaryFolder();
    const image = join(folder.path, 'disk.img');
    await makeExt4(image, '32M', options);
    const opened = withVolume({ path: image, format: 'raw' }, () => 'opened');
    await expect(opened).rejects.toMatchObject({ code, message: expect.stringContaining(says) });
  });

  it('is larger than its partition', async () => {
    await using folder = await temporaryFolder();
    const image = join(folder.path, 'disk.img');
    await makeExt4(image, '8M');
    const whole = memorySource(await readFile(image));
    expect(() => openExt4(part(whole, 0, 4 * 2 ** 20))).toThrow('larger than its partition');
  });

  it.each([
    { why: 'errors were recorded', command: 'ssv state 2' },
    { why: 'it was mounted', command: 'ssv state 0' },
    { why: 'deleted files were open', command: 'ssv last_orphan 12' },
  ])('was not shut down cleanly: $why', async ({ command }) => {
    await using folder = await temporaryFolder();
    const image = join(folder.path, 'disk.img');
    await makeExt4(image, '8M');
    await run('debugfs', ['-w', '-R', command, image]);
    await expect(withVolume({ path: image, format: 'raw' }, () => 'opened')).rejects.toMatchObject({
      code: 'UncleanFileSystem',
      hint: expect.stringContaining('shut it down'),
    });
  });

  mounted(`was copied while it was mounted${suffix}`, async () => {
    await using folder = await temporaryFolder();
    const image = join(folder.path, 'disk.img');
    const copy = join(folder.path, 'copy.img');
    await makeExt4(image, '32M');
    await withMount(image, async (root) => {
      await writeFile(join(root, 'file'), 'text');
      await run('sync', ['-f', root]);
      await copyFile(image, copy);
    });
    await expect(withVolume({ path: copy, format: 'raw' }, () => 'opened')).rejects.toMatchObject({
      code: 'UncleanFileSystem',
    });
  });
});

describe('names', () => {
  it.each([
    { why: 'not UTF-8', name: Buffer.from([0x61, 0xff, 0x62]), says: '/dir/a\\xffb' },
    { why: 'a slash', name: Buffer.from('a/b'), says: 'a/b' },
    { why: 'a zero byte', name: Buffer.from('a\0b'), says: 'a\\x00b' },
  ])('$why are refused with their place', async ({ name, says }) => {
    await using folder = await temporaryFolder();
    const image = join(folder.path, 'disk.img');
    const from = join(folder.path, 'from');
    await mkdir(join(from, 'dir'), { recursive: true });
    await writeFile(join(from, 'dir', 'xyz'), '');
    await makeExt4(image, '8M', ['-O', '^metadata_csum', '-d', from]);
    const bytes = await readFile(image);
    const at = bytes.indexOf(Buffer.concat([Buffer.from([3, 1]), Buffer.from('xyz')]));
    name.copy(bytes, at + 2);
    const volume = openExt4(memorySource(bytes));
    const directory = volume.lookup('/dir') ?? 0;
    expect(() => volume.list(directory)).toThrow(says);
  });
});

describe('a file system whose inodes claim more than there is', () => {
  /** Twelve files of a megabyte each in eight: they all have the blocks of the first. */
  async function shared(folder: string) {
    const [image, from] = [join(folder, 'disk.img'), join(folder, 'from')];
    await mkdir(from);
    await writePattern(join(from, 'a'), 2 ** 20);
    for (let i = 0; i < 12; i += 1) await writeFile(join(from, `b${i}`), 'x');
    await makeExt4(image, '8M', ['-O', '^metadata_csum,^has_journal', '-d', from]);
    const bytes = await readFile(image);
    const volume = openExt4(memorySource(bytes));
    const recordOf = (name: string) => volume.record(volume.lookup(name) ?? 0).start;
    const first = recordOf('/a');
    for (let i = 0; i < 12; i += 1) bytes.copy(bytes, recordOf(`/b${i}`), first, first + 0x64);
    return { bytes, volume };
  }

  it('is refused before all of that is read', async () => {
    await using folder = await temporaryFolder();
    const { bytes } = await shared(folder.path);
    const source = memorySource(bytes);
    const volume = openExt4(source);
    const versions = { base: source, machine: source };
    const says = expect.objectContaining({
      consequence: 'Denied',
      message: expect.stringContaining('claim more than it has'),
    });
    expect(() => touchedInodes(volume, versions, [])).toThrow(says);
    expect(() => [...metadataBlocks(volume)]).toThrow(says);
    const items = ['/a', '/b1', '/b2', '/b3', '/b4', '/b5', '/b6', '/b7', '/b8'];
    const put = new Map(items.map((path) => [path, volume.lookup(path) ?? 0]));
    const changes = itemsOf(volume, { put, removed: new Set(), equal: new Map() });
    const stored = async () => {
      for await (const chunk of writeDelta(changes, bytes.length)) chunk.at(0);
    };
    await expect(stored()).rejects.toMatchObject({ code: 'UnstorableName', consequence: 'Denied' });
  });

  it('is refused where a name leads to what is not in use', async () => {
    await using folder = await temporaryFolder();
    const { bytes, volume } = await shared(folder.path);
    const inode = volume.lookup('/a') ?? 0;
    expect(volume.meta(inode).type).toBe('file');
    const at = (volume.groups[0]?.inodeBitmap ?? 0) * volume.blockSize + ((inode - 1) >>> 3);
    bytes[at] = (bytes[at] ?? 0) & ~(1 << ((inode - 1) & 7));
    expect(() => openExt4(memorySource(bytes)).meta(inode)).toThrow('which is not in use');
  });
});
