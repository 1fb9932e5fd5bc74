import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../../src/host/run.ts';
import type { VolumeChange, WantedMeta } from '../../../../src/engine/volume.ts';
import { ACL, fillVolume } from '../../../support/ext4-fill.ts';
import {
  applyChanges,
  checkedByE2fsck,
  diskOf,
  metaOf,
  PARTITION_START,
} from '../../../support/ext4-disk.ts';
import {
  kernelTree,
  makeExt4,
  readKernel,
  setXattr,
  whyNoMount,
  withMount,
  withVolume,
  writePattern,
} from '../../../support/ext4.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { NaiveTree } from '../../../support/naive-tree.ts';
import { describe, expect, it } from '../../../support/runner.ts';

const reason = await whyNoMount();
const title = reason === undefined ? 'changes to a volume' : `skipped: ${reason}`;

const bytes = (text: string) => ({ from: 'bytes', bytes: Buffer.from(text) }) as const;
const CAPABILITY = Buffer.from('0100000200200000000000000000000000000000', 'hex');

/** One of every kind of change, on what `fillVolume` made. */
function changesOf(large: string, blockSize: number, nanoseconds: number): readonly VolumeChange[] {
  const mtime = { seconds: 1_700_000_001, nanoseconds };
  const meta = (...[type, rest]: Parameters<typeof metaOf>) => metaOf(type, { mtime, ...rest });
  const file = meta('file');
  const put = (path: string, text: string): VolumeChange => ({
    op: 'put',
    path,
    meta: file,
    content: bytes(text),
  });
  return [
    put('/empty', 'no longer'),
    { op: 'remove', path: '/large' },
    { op: 'link', path: '/sparse again', to: '/sparse' },
    { op: 'remove', path: '/level-0/level-1' },
    { op: 'remove', path: '/never was' },
    { op: 'remove', path: '/never was/nor this' },
    { op: 'put', path: '/many', meta: meta('directory', { mode: 0o1770, uid: 5, gid: 70_000 }) },
    ...Array.from({ length: 300 }, (_, i): VolumeChange => ({
      op: 'remove',
      path: `/many/entry-${i * 3}`,
    })),
    ...Array.from({ length: 300 }, (_, i): VolumeChange => ({
      op: 'link',
      path: `/many/link to a small file ${i}`,
      to: '/Grüße',
    })),
    ...Array.from({ length: 100 }, (_, i) => put(`/many/new-${i}`, `content ${i}`)),
    { op: 'put', path: '/fifo', meta: meta('directory') },
    put('/fifo/inside', 'a directory now'),
    {
      op: 'put',
      path: '/level-0',
      meta: meta('file', { mode: 0o600 }),
      content: bytes('a file now'),
    },
    { op: 'put', path: '/new', meta: meta('directory', { mode: 0o2755, uid: 3 }) },
    {
      op: 'put',
      path: '/new/large file',
      meta: meta('file', { mode: 0o4711, uid: 70_000, gid: 80_000 }),
      content: { from: 'file', path: large },
    },
    { op: 'link', path: '/new/second name', to: '/new/large file' },
    { op: 'link', path: '/third name', to: '/new/second name' },
    { op: 'put', path: '/new/nothing', meta: file },
    {
      op: 'put',
      path: '/new/short',
      meta: meta('symlink', { mode: 0o777, target: '../x y "z"', uid: 9 }),
    },
    {
      op: 'put',
      path: '/new/long',
      meta: meta('symlink', { mode: 0o777, target: 'l/'.repeat(150) }),
    },
    {
      op: 'put',
      path: '/new/null',
      meta: meta('char', { mode: 0o666, device: { major: 1, minor: 3 } }),
    },
    { op: 'put', path: '/new/big', meta: meta('block', { device: { major: 300, minor: 70_000 } }) },
    { op: 'put', path: '/new/pipe', meta: meta('fifo') },
    {
      op: 'put',
      path: '/new/caps',
      meta: meta('file', { xattrs: new Map([['security.capability', CAPABILITY]]) }),
      content: bytes('x'),
    },
    {
      op: 'put',
      path: '/new/acl',
      meta: meta('file', {
        mode: 0o674,
        xattrs: new Map([['system.posix_acl_access', Buffer.from(ACL, 'hex')]]),
      }),
    },
    {
      op: 'put',
      path: '/new/acls',
      meta: meta('directory', {
        xattrs: new Map([
          ['system.posix_acl_default', Buffer.from(ACL, 'hex')],
          ['user.empty', Buffer.alloc(0)],
          ['user.block', Buffer.alloc(blockSize / 2, 7)],
        ]),
      }),
    },
    ...[
      '<12>',
      '-x',
      'a""b',
      '#',
      "it's",
      'tail ',
      ' lead',
      'back\\slash',
      '日本',
      'n'.repeat(255),
    ].map((name) => put(`/new/${name}`, name)),
    { op: 'put', path: '/new/<2>', meta: meta('directory') },
    put('/new/<2>/<2>', 'inside'),
    ...Array.from({ length: 40 }, (_, i): VolumeChange => ({
      op: 'put',
      path: `/new${'/a deep directory name'.repeat(i + 1)}`,
      meta: meta('directory'),
    })),
    put(`/new${'/a deep directory name'.repeat(40)}/bottom`, 'deep'),
  ];
}

describe(title, () => {
  const check = reason === undefined ? it.each : it.skip.each;
  check([
    { why: 'as Debian makes it', options: [], blockSize: 4096 },
    { why: 'blocks of 1 KiB', options: ['-b', '1024'], blockSize: 1024 },
    { why: 'blocks of 2 KiB, no 64bit', options: ['-b', '2048', '-O', '^64bit'], blockSize: 2048 },
    { why: 'no checksums', options: ['-O', '^metadata_csum,^uninit_bg'], blockSize: 4096 },
    { why: 'the older checksums', options: ['-O', '^metadata_csum,uninit_bg'], blockSize: 4096 },
    {
      why: 'block maps',
      options: ['-O', '^extent,^64bit,^flex_bg', '-b', '1024'],
      blockSize: 1024,
    },
    { why: 'no journal', options: ['-O', '^has_journal'], blockSize: 4096 },
    {
      why: 'spread descriptors',
      options: ['-O', 'meta_bg,^resize_inode', '-b', '1024'],
      blockSize: 1024,
    },
    { why: 'an orphan file', options: ['-O', 'orphan_file'], blockSize: 4096 },
  ])('leave exactly the wanted tree: $why', async ({ options, blockSize }) => {
    await using folder = await temporaryFolder();
    const image = join(folder.path, 'disk.img');
    await makeExt4(image, '160M', ['-N', '20000', ...options]);
    const naive = await withMount(image, async (root) => {
      await fillVolume(root);
      await run('sync', ['-f', root]);
      return NaiveTree.fromKernel(await readKernel(root), root);
    });
    const base = await diskOf(image);
    const large = join(folder.path, 'a "large" file');
    await writePattern(large, 6_000_001);
    const changes = changesOf(large, blockSize, 123_456_789);
    for (const change of changes) naive.apply(change);
    const { disk, storedBytes, report } = await applyChanges(
      base,
      join(folder.path, 'o.qcow2'),
      changes,
    );
    await checkedByE2fsck(disk);
    expect(await kernelTree(disk, PARTITION_START)).toEqual(naive.tree());
    expect(report.writtenBytes).toBeLessThan(6_000_001 + 4_000_000);
    expect(storedBytes).toBeLessThan(6_000_001 + 8_000_000);
  });
});

describe('what a later layer removes', () => {
  it.each([{ type: 'file' as const }, { type: 'directory' as const }])(
    'a $type gives back its block of attributes',
    async ({ type }) => {
      await using folder = await temporaryFolder();
      const image = join(folder.path, 'disk.img');
      await makeExt4(image, '8M', ['-b', '1024']);
      // Too large for an inode, so that debugfs gives it a block.
      const xattrs = new Map([['user.large', Buffer.alloc(600, 7)]]);
      const meta = metaOf(type, { xattrs });
      const put: VolumeChange =
        type === 'file'
          ? { op: 'put', path: '/a', meta, content: bytes('text') }
          : { op: 'put', path: '/a', meta };
      const one = await applyChanges(await diskOf(image), join(folder.path, '1.qcow2'), [put]);
      const removal: VolumeChange = { op: 'remove', path: '/a' };
      const two = await applyChanges(one.disk, join(folder.path, '2.qcow2'), [removal]);
      await checkedByE2fsck(two.disk);
    },
  );

  it('a directory gives back the block of those that it keeps no more', async () => {
    await using folder = await temporaryFolder();
    const image = join(folder.path, 'disk.img');
    await makeExt4(image, '8M', ['-b', '1024']);
    const xattrs = new Map([['user.large', Buffer.alloc(600, 7)]]);
    const put = (meta: WantedMeta): VolumeChange => ({ op: 'put', path: '/a', meta });
    let disk = await diskOf(image);
    for (const [i, meta] of [metaOf('directory', { xattrs }), metaOf('directory')].entries()) {
      ({ disk } = await applyChanges(disk, join(folder.path, `${i}.qcow2`), [put(meta)]));
    }
    await checkedByE2fsck(disk);
  });

  const check = reason === undefined ? it : it.skip;
  check.each([
    { why: 'one of them goes', removed: ['/a'] },
    { why: 'one stays', removed: ['/a', '/b'] },
    { why: 'none stays', removed: ['/a', '/b', '/c'] },
    { why: 'without checksums', removed: ['/b'], options: ['-O', '^metadata_csum'] },
  ])('files count their shared block of attributes: $why', async ({ removed, options = [] }) => {
    await using folder = await temporaryFolder();
    const image = join(folder.path, 'disk.img');
    await makeExt4(image, '8M', ['-b', '1024', ...options]);
    // The kernel lets equal attributes share a block.
    await withMount(image, async (root) => {
      for (const name of ['a', 'b', 'c']) {
        await writeFile(join(root, name), name);
        await setXattr(join(root, name), 'user.one', '01'.repeat(300));
        await setXattr(join(root, name), 'user.two', '02'.repeat(300));
      }
    });
    const blocks = await withVolume({ path: image, format: 'raw' }, (volume) =>
      ['/a', '/b', '/c'].map((path) => volume.inode(volume.lookup(path) ?? 0).xattrBlock),
    );
    expect(new Set(blocks).size).toBe(1);
    const base = await diskOf(image);
    const before = await kernelTree(base, PARTITION_START);
    const changes = removed.map((path): VolumeChange => ({ op: 'remove', path }));
    const { disk } = await applyChanges(base, join(folder.path, '1.qcow2'), changes);
    await checkedByE2fsck(disk);
    const { '/': _old, ...stayed } = before;
    const { '/': _now, ...now } = await kernelTree(disk, PARTITION_START);
    const kept = Object.entries(stayed).filter(([path]) => !removed.includes(path));
    expect(now).toEqual(Object.fromEntries(kept));
  });
});
