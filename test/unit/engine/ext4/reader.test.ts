import {
  chmod,
  chown,
  link,
  lutimes,
  mkdir,
  symlink,
  truncate,
  utimes,
  writeFile,
  open,
} from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../../src/host/run.ts';
import {
  makeExt4,
  readKernel,
  readOurs,
  setXattr,
  whyNoMount,
  withMount,
  withVolume,
  writePattern,
} from '../../../support/ext4.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { describe, expect, it } from '../../../support/runner.ts';

const reason = await whyNoMount();
const title = reason === undefined ? 'a volume that the kernel filled' : `skipped: ${reason}`;

/** One of everything that a Linux system has. */
async function fill(root: string): Promise<void> {
  const at = (name: string) => join(root, name);
  await writeFile(at('empty'), '');
  await writePattern(at('large'), 5_000_001);
  await chmod(at('large'), 0o4755);
  await chown(at('large'), 70_000, 80_000);
  await utimes(at('large'), 1_700_000_000.25, 1_700_000_000.123456);
  await run('touch', ['-d', '1969-12-31T23:59:50.000000001Z', at('empty')]);
  const sparse = await open(at('sparse'), 'w');
  for (const position of [0, 700_000, 40_000_000]) await sparse.write('here', position);
  await sparse.close();
  await truncate(at('sparse'), 50_000_123);
  // File systems without extents have no reserved space.
  await run('fallocate', ['-l', '300000', at('reserved')], { okCodes: [0, 1] });
  await writeFile(at('reserved'), 'starts', { flag: 'r+' });
  await link(at('large'), at('other name'));
  await symlink('short', at('fast'));
  await symlink('x/'.repeat(150), at('slow'));
  await symlink('x'.repeat(59), at('fast59'));
  await symlink('x'.repeat(60), at('slow60'));
  await lutimes(at('fast'), 5, 1_600_000_000);
  await run('mknod', [at('null'), 'c', '1', '3']);
  await run('mknod', [at('large-numbers'), 'b', '300', '70000']);
  await run('mkfifo', ['-m', '640', at('fifo')]);
  let deep = root;
  for (let i = 0; i < 60; i += 1) {
    deep = join(deep, `level-${i}`);
    await mkdir(deep);
  }
  await writeFile(join(deep, 'bottom'), 'deep');
  for (const name of ['Grüße', '日本語', 'a b"c\\d', 'ends ', '-x', '<12>', 'n'.repeat(255)]) {
    await writeFile(at(name), name);
  }
  await mkdir(at('many'));
  await Promise.all(Array.from({ length: 5000 }, (_, i) => writeFile(at(`many/entry-${i}`), '')));
  await run('setcap', ['cap_net_raw,cap_setuid=ep', at('empty')]);
  await setXattr(at('large'), 'user.small', '6869');
  await setXattr(at('large'), 'user.empty', '');
  await setXattr(at('large'), 'trusted.block', 'ab'.repeat(700));
  await setXattr(at('slow'), 'trusted.link', '00ff');
  const acl =
    '0200000001000600ffffffff02000700e803000004000400ffffffff10000700ffffffff20000400ffffffff';
  await setXattr(at('large'), 'system.posix_acl_access', acl);
  await setXattr(at('many'), 'system.posix_acl_default', acl);
}

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
      await fill(root);
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
