import { join } from 'node:path';
import fc from 'fast-check';
import type { VolumeChange } from '../../../../src/engine/volume.ts';
import {
  applyChanges,
  checkedByE2fsck,
  diskOf,
  metaOf,
  PARTITION_START,
} from '../../../support/ext4-disk.ts';
import { kernelTree, makeExt4, readKernel, whyNoMount, withMount } from '../../../support/ext4.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { NaiveTree } from '../../../support/naive-tree.ts';
import { describe, expect, it } from '../../../support/runner.ts';
import { property } from '../../../support/soak.ts';

const reason = await whyNoMount();
const check = reason === undefined ? it : it.skip;
const suffix = reason === undefined ? '' : ` (skipped: ${reason})`;

const name = fc.constantFrom(
  'a',
  'b',
  'c',
  'd e',
  'ü',
  '<2>',
  'a "long" name that takes room in its directory',
);
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`);
const mtime = fc.record({
  seconds: fc.integer({ min: -(2 ** 31), max: 2 ** 34 - 2 ** 31 - 1 }),
  nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
});
const xattrs = fc
  .dictionary(
    fc.constantFrom('user.a', 'user.b c', 'trusted.t', 'security.s'),
    fc.uint8Array({ maxLength: 300 }),
    { maxKeys: 3 },
  )
  .map((values) => new Map(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))));
const common = fc.record({
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.constantFrom(0, 1, 65_535, 65_536, 2 ** 32 - 2),
  gid: fc.constantFrom(0, 1, 65_535, 65_536, 2 ** 32 - 2),
  mtime,
});
const withXattrs = fc
  .record({ common, xattrs })
  .map(({ common, xattrs }) => ({ ...common, xattrs }));

const putFile = fc
  .record({
    path,
    meta: withXattrs,
    size: fc.constantFrom(0, 1, 1023, 1024, 5000, 70_000),
    fill: fc.integer({ min: 0, max: 255 }),
  })
  .map(({ path, meta, size, fill }): VolumeChange => ({
    op: 'put',
    path,
    meta: metaOf('file', meta),
    content: { from: 'bytes', bytes: Buffer.alloc(size, fill) },
  }));
const putDirectory = fc
  .record({ path, meta: withXattrs })
  .map(({ path, meta }): VolumeChange => ({ op: 'put', path, meta: metaOf('directory', meta) }));
const putLink = fc
  .record({ path, meta: common, length: fc.constantFrom(1, 59, 60, 300) })
  .map(({ path, meta, length }): VolumeChange => ({
    op: 'put',
    path,
    // The kernel shows 0777 whatever is stored.
    meta: metaOf('symlink', { ...meta, mode: 0o777, target: 't'.repeat(length) }),
  }));
const putDevice = fc
  .record({
    path,
    meta: common,
    type: fc.constantFrom('char', 'block'),
    major: fc.integer({ min: 0, max: 4095 }),
    minor: fc.integer({ min: 0, max: 2 ** 20 - 1 }),
  })
  .map(({ path, meta, type, major, minor }): VolumeChange => ({
    op: 'put',
    path,
    meta: metaOf(type === 'char' ? 'char' : 'block', { ...meta, device: { major, minor } }),
  }));
const change = fc.oneof(
  { weight: 4, arbitrary: putFile },
  { weight: 5, arbitrary: putDirectory },
  { weight: 1, arbitrary: putLink },
  { weight: 1, arbitrary: putDevice },
  {
    weight: 3,
    arbitrary: fc
      .record({ path, to: path })
      .map(({ path, to }): VolumeChange => ({ op: 'link', path, to })),
  },
  { weight: 3, arbitrary: path.map((path): VolumeChange => ({ op: 'remove', path })) },
);
const changes = fc.array(change, { minLength: 5, maxLength: 60 });

/** Only what a caller may ask for: parents are directories, links lead to files. */
function possible(tree: NaiveTree, change: VolumeChange): boolean {
  const parent = change.path.slice(0, change.path.lastIndexOf('/')) || '/';
  if (change.op === 'remove') return true;
  if (tree.typeOf(parent) !== 'directory') return false;
  if (change.op === 'put') return true;
  const type = tree.typeOf(change.to);
  return (
    type !== undefined && type !== 'directory' && !`${change.to}/`.startsWith(`${change.path}/`)
  );
}

function play(tree: NaiveTree, wanted: readonly VolumeChange[]): readonly VolumeChange[] {
  return wanted.filter((change) => {
    const good = possible(tree, change);
    if (good) tree.apply(change);
    return good;
  });
}

describe('random changes, one overlay on another', () => {
  check(`leave what a naive model says${suffix}`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(
          ['-b', '1024'],
          ['-b', '2048'],
          ['-b', '4096'],
          ['-b', '1024', '-O', '^extent,^64bit,^metadata_csum'],
        ),
        changes,
        changes,
        async (options, first, second) => {
          await using folder = await temporaryFolder();
          const image = join(folder.path, 'disk.img');
          await makeExt4(image, '24M', options);
          const tree = await withMount(image, async (root) =>
            NaiveTree.fromKernel(await readKernel(root), root),
          );
          const base = await diskOf(image);
          const one = await applyChanges(base, join(folder.path, '1.qcow2'), play(tree, first));
          expect(await kernelTree(one.disk, PARTITION_START)).toEqual(tree.tree());
          const two = await applyChanges(
            one.disk,
            join(folder.path, '2.qcow2'),
            play(tree, second),
          );
          await checkedByE2fsck(two.disk);
          expect(await kernelTree(two.disk, PARTITION_START)).toEqual(tree.tree());
        },
      ),
      { ...property(120), endOnFailure: true },
    );
  });
});
