import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findLinuxRoot } from '../../../../src/engine/ext4/find-root.ts';
import { run } from '../../../../src/host/run.ts';
import { makeExt4 } from '../../../support/ext4.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { memorySource } from '../../../support/memory-source.ts';
import { describe, expect, it } from '../../../support/runner.ts';

const MIB = 2 ** 20;

/** A file system that holds some directories. */
async function fileSystem(
  folder: string,
  name: string,
  directories: readonly string[],
): Promise<Buffer> {
  const from = join(folder, `${name}.d`);
  for (const directory of ['', ...directories])
    await mkdir(join(from, directory), { recursive: true });
  const image = join(folder, name);
  await makeExt4(image, '4M', ['-b', '1024', '-d', from]);
  return readFile(image);
}

/** A disk with partitions of 4 MiB, as sfdisk lays them out. */
async function diskWith(folder: string, label: string, parts: readonly Buffer[]): Promise<Buffer> {
  const path = join(folder, 'disk');
  await run('truncate', ['-s', `${4 * parts.length + 3}M`, path]);
  const lines = parts.map((_, i) => `start=${(1 + 4 * i) * 2048}, size=8192`);
  await run('sfdisk', ['-q', path], { stdin: [`label: ${label}`, ...lines, ''].join('\n') });
  const disk = await readFile(path);
  parts.forEach((bytes, i) => bytes.copy(disk, (1 + 4 * i) * MIB));
  return disk;
}

describe('the root of a Linux system', () => {
  it.each(['dos', 'gpt'])('is found behind a boot partition, table %s', async (label) => {
    await using folder = await temporaryFolder();
    const boot = await fileSystem(folder.path, 'boot', ['grub']);
    const root = await fileSystem(folder.path, 'root', ['etc', 'usr']);
    const disk = await diskWith(folder.path, label, [boot, root]);
    const found = findLinuxRoot(memorySource(disk));
    expect(found.partition).toMatchObject({ index: 2, start: 5 * MIB, sizeBytes: 4 * MIB });
    expect(found.volume.lookup('/etc')).toBeDefined();
  });

  it('is found on a disk without a table', async () => {
    await using folder = await temporaryFolder();
    const root = await fileSystem(folder.path, 'root', ['etc', 'bin']);
    expect(findLinuxRoot(memorySource(root)).partition).toMatchObject({ index: 0, start: 0 });
  });

  it.each([
    {
      why: 'Windows',
      magic: 'NTFS    ',
      at: 3,
      code: 'NtfsNotSupported',
      says: 'NTFS layers are not supported yet',
    },
    {
      why: 'another file system',
      magic: 'XFSB',
      at: 0,
      code: 'NoLinuxRoot',
      says: 'found: partition 1 (Linux) with XFS, partition 2 (Linux) with ext4 without /etc',
    },
    {
      why: 'encryption',
      magic: 'LUKS\xba\xbe',
      at: 0,
      code: 'NoLinuxRoot',
      says: 'found: partition 1 (Linux) with an encrypted volume (LUKS), partition 2',
    },
  ])('is missed clearly on a disk with $why', async ({ magic, at, code, says }) => {
    await using folder = await temporaryFolder();
    const first = Buffer.alloc(4 * MIB);
    first.write(magic, at, 'latin1');
    const disk = await diskWith(folder.path, 'gpt', [
      first,
      await fileSystem(folder.path, 'data', ['x']),
    ]);
    expect(() => findLinuxRoot(memorySource(disk))).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(says) }),
    );
  });

  const MADE = 'truncate -s 8M disk; ';
  it.each([
    { why: 'nothing', make: MADE, says: 'no partition table: its first sector is empty' },
    {
      why: 'a wiped MBR',
      make: `${MADE} echo start=2048 | sfdisk -q disk; dd if=/dev/zero of=disk bs=512 count=1 conv=notrunc`,
      says: 'no partition table: its first sector is empty',
    },
    {
      why: 'a GPT whose first sector was wiped',
      make: `${MADE} echo label:gpt | sfdisk -q disk; dd if=/dev/zero of=disk bs=512 count=1 conv=notrunc`,
      says: 'although a GPT follows',
    },
    {
      why: 'a GPT that lists nothing',
      make: `${MADE} echo label:gpt | sfdisk -q disk`,
      says: 'a GPT without partitions',
    },
    {
      why: 'an MBR that lists nothing',
      make: `${MADE} echo label:dos | sfdisk -q disk`,
      says: 'an MBR without partitions',
    },
    {
      why: 'swap and no table',
      make: `${MADE} mkswap -q disk`,
      says: 'no partition table, but swap on the whole disk',
    },
    {
      why: 'a text',
      make: `${MADE} yes | head -c 1000000 | dd of=disk conv=notrunc`,
      says: 'no partition table',
    },
    {
      why: 'a partition for LVM without anything in it, and another system',
      make: `${MADE} printf '%s\\n' label:dos size=2048,type=8e size=2048,type=a5 | sfdisk -q disk`,
      says: 'partition 1 (Linux LVM) with nothing: it begins with zeros, partition 2 (type a5) with nothing',
    },
    {
      why: 'more partitions than anybody reads',
      make: `${MADE} { echo label:gpt; for i in $(seq 20); do echo size=64,type=swap; done; } | sfdisk -q disk`,
      says: ', 12 more partitions',
    },
  ])('is missed with what was found instead: $why', async ({ make, says }) => {
    await using folder = await temporaryFolder();
    await run('sh', ['-euc', make], { cwd: folder.path });
    const disk = memorySource(await readFile(join(folder.path, 'disk')));
    expect(() => findLinuxRoot(disk)).toThrow(
      expect.objectContaining({ code: 'NoLinuxRoot', message: expect.stringContaining(says) }),
    );
  });
});
