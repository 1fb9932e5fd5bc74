import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VolumeChange } from '../../src/engine/volume.ts';
import { run } from '../../src/host/run.ts';
import type { DiskFile } from '../../src/images/source.ts';
import { metaOf, PARTITION_START } from '../../test/support/ext4-disk.ts';

const MIB = 2 ** 20;
const DISK_BYTES = 1024 * MIB;
const FILES_PER_FOLDER = 200;
const INODES = 160_000;
const INSTALLED_FILES = 1000;
const INSTALLED_FILE_BYTES = 4096;
const LARGE_FILE_BYTES = 20 * MIB;
const REPLACED_FILES = 100;

/** The partition of a large disk. */
export const PARTITION = { start: PARTITION_START, sizeBytes: DISK_BYTES - PARTITION_START };

/** What the installation below writes into files. */
export const INSTALLED_BYTES =
  (INSTALLED_FILES + REPLACED_FILES) * INSTALLED_FILE_BYTES + LARGE_FILE_BYTES;

function pathOf(index: number): string {
  return `/usr/share/d${Math.floor(index / FILES_PER_FOLDER)}/f${index}`;
}

/** Bytes without order that depend on the number only. */
function noise(seed: number, sizeBytes: number): Buffer {
  return createHash('shake256', { outputLength: sizeBytes }).update(`${seed}`).digest();
}

function fill(tree: string, files: number): void {
  for (const folder of ['etc/rc2.d', 'usr/bin', 'var/lib', 'opt']) {
    mkdirSync(join(tree, folder), { recursive: true });
  }
  for (let index = 0; index < files; index += 1) {
    const path = join(tree, pathOf(index));
    if (index % FILES_PER_FOLDER === 0) mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, `file ${index}\n`.repeat(40));
  }
}

/** A Linux disk of 1 GiB with so many small files; the kernel has no part in it. */
export async function makeLargeDisk(folder: string, files: number): Promise<DiskFile> {
  const path = join(folder, 'os.raw');
  const tree = join(folder, 'tree');
  await mkdir(tree, { recursive: true });
  fill(tree, files);
  await writeFile(path, '');
  await truncate(path, DISK_BYTES);
  await run('sfdisk', ['-q', path], { stdin: 'label: dos\nstart=2048, type=83\n' });
  const format = ['-q', '-t', 'ext4', '-b', '4096', '-N', `${INODES}`, '-d', tree];
  const size = `${PARTITION.sizeBytes / MIB}M`;
  await run('mke2fs', [...format, '-E', `offset=${PARTITION_START}`, path, size]);
  await rm(tree, { recursive: true });
  return { path, format: 'raw' };
}

/** What an installer does: a folder of new files, a large one among them, and some that are replaced. */
export function installation(): readonly VolumeChange[] {
  const file = (path: string, seed: number, sizeBytes: number): VolumeChange => ({
    op: 'put',
    path,
    meta: metaOf('file'),
    content: { from: 'bytes', bytes: noise(seed, sizeBytes) },
  });
  return [
    { op: 'put', path: '/opt/app', meta: metaOf('directory') },
    file('/opt/app/large', -1, LARGE_FILE_BYTES),
    ...Array.from({ length: INSTALLED_FILES }, (_, i) =>
      file(`/opt/app/f${i}`, i, INSTALLED_FILE_BYTES),
    ),
    ...Array.from({ length: REPLACED_FILES }, (_, i) =>
      file(pathOf(i * 97), 10_000 + i, INSTALLED_FILE_BYTES),
    ),
  ];
}
