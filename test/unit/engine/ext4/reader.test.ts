import { join } from 'node:path';
import { run } from '../../../../src/host/run.ts';
import { fillVolume } from '../../../support/ext4-fill.ts';
import {
  makeExt4,
  readKernel,
  readOurs,
  whyNoMount,
  withMount,
  withVolume,
  writePattern,
} from '../../../support/ext4.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { describe, expect, it } from '../../../support/runner.ts';

const reason = await whyNoMount();
const title = reason === undefined ? 'a volume that the kernel filled' : `skipped: ${reason}`;

describe(title, () => {
  const check = reason === undefined ? it.each : it.skip.each;
  check([
    { why: 'as Debian makes it', options: [] },
    { why: 'blocks of 1 KiB', options: ['-b', '1024'] },
    { why: 'blocks of 2 KiB, no 64bit', options: ['-b', '2048', '-O', '^64bit'] },
    {
      why: 'no checksums, so no unused tails of tables',
      options: ['-O', '^metadata_csum,^uninit_bg'],
    },
    { why: 'the older checksums', options: ['-O', '^metadata_csum,uninit_bg'] },
    {
      why: 'block maps instead of extents',
      options: ['-O', '^extent,^64bit,^flex_bg', '-b', '1024'],
    },
    { why: 'no journal', options: ['-O', '^has_journal'] },
    { why: 'small inodes without nanoseconds', options: ['-I', '128'] },
    { why: 'a seed of its own for checksums', options: ['-O', 'metadata_csum_seed'] },
    {
      why: 'descriptors spread over the groups',
      options: ['-O', 'meta_bg,^resize_inode', '-b', '1024'],
    },
    { why: 'ext2', options: ['-t', 'ext2'] },
    { why: 'an orphan file', options: ['-O', 'orphan_file'] },
  ])('is read the same: $why', async ({ options }) => {
    await using folder = await temporaryFolder();
    const image = join(folder.path, 'disk.img');
    await makeExt4(image, '160M', ['-N', '20000', ...options]);
    const wanted = await withMount(image, async (root) => {
      await fillVolume(root);
      return readKernel(root);
    });
    expect(Object.keys(wanted).length).toBeGreaterThan(5080);
    const seen = await withVolume({ path: image, format: 'raw' }, (volume) => {
      const inodes = new Set(volume.inodes());
      const tree = readOurs(volume);
      const named = new Set(Object.keys(tree).map((path) => volume.lookup(path)));
      expect([...named].filter((inode) => !inodes.has(inode ?? 0))).toEqual([]);
      expect(inodes.size).toBe(named.size);
      return tree;
    });
    expect(seen).toEqual(wanted);
  });

  check([{ why: 'extents' }, { why: 'block map', options: ['-O', '^extent,^64bit'] }])(
    'knows which bytes belong to a file: $why',
    async ({ options = [] }) => {
      await using folder = await temporaryFolder();
      const image = join(folder.path, 'disk.img');
      await makeExt4(image, '64M', options);
      await withMount(image, (root) => writePattern(join(root, 'file'), 3_000_000));
      // filefrag's data is the kernel's own answer; debugfs answers without a mount.
      const { stdout } = await run('debugfs', ['-R', 'blocks file', image]);
      const blocks = stdout.trim().split(/\s+/).map(Number);
      await withVolume({ path: image, format: 'raw' }, (volume) => {
        const seen = [...volume.ranges(volume.lookup('/file') ?? 0)].flatMap(({ start, length }) =>
          Array.from({ length: length / volume.blockSize }, (_, i) => start / volume.blockSize + i),
        );
        expect(seen.sort((a, b) => a - b)).toEqual(blocks.sort((a, b) => a - b));
      });
    },
  );
});
