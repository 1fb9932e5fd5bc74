import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { wholeContent } from '../../../src/engine/content.ts';
import { findLinuxRoot } from '../../../src/engine/ext4/find-root.ts';
import { writeExt4 } from '../../../src/engine/ext4/write-ext4.ts';
import type { VolumeChange, VolumeReader } from '../../../src/engine/volume.ts';
import { run } from '../../../src/host/run.ts';
import { openDisk } from '../../../src/images/open-disk.ts';
import type { DiskFile } from '../../../src/images/source.ts';
import { plain } from './memory.ts';

/** Lets a function look at the root volume of a disk. */
export async function onVolume<T>(disk: DiskFile, use: (volume: VolumeReader) => T): Promise<T> {
  const source = await openDisk(disk, { run });
  try {
    return use(findLinuxRoot(source).volume);
  } finally {
    source.close();
  }
}

/** Changes a disk without a kernel, for tests that must not need root. */
export async function changeDisk(disk: DiskFile, folder: string, changes: readonly VolumeChange[]) {
  const source = await openDisk(disk, { run });
  const { partition } = findLinuxRoot(source);
  source.close();
  const workDir = join(folder, 'change');
  await mkdir(workDir, { recursive: true });
  await writeExt4({ disk, partition, changes, workDir, runDir: folder, run });
}

/** A change that puts a file with this text. */
export function file(path: string, text: string): VolumeChange {
  return {
    op: 'put',
    path,
    meta: plain('file'),
    content: { from: 'bytes', bytes: Buffer.from(text) },
  };
}

/** All bytes of a file. */
export function bytesIn(volume: VolumeReader, inode: number): Buffer {
  const { sizeBytes } = volume.meta(inode);
  return Buffer.concat([...wholeContent(volume.pieces(inode), sizeBytes)]);
}

/** Digest of everything on a volume that a layer keeps, without the places that are left out. */
export function treeDigest(volume: VolumeReader, without: (path: string) => boolean): string {
  const hash = createHash('sha256');
  const visit = (inode: number, folder: string) => {
    const entries = [...volume.list(inode)].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name, inode: child } of entries) {
      const path = `${folder}/${name}`;
      if (without(path)) continue;
      const { xattrs, links, ...meta } = volume.meta(child);
      const sizeBytes = meta.type === 'directory' ? 0 : meta.sizeBytes;
      hash.update(JSON.stringify([path, { ...meta, sizeBytes }, [...xattrs.keys()]]));
      const content = meta.type === 'file' ? wholeContent(volume.pieces(child), sizeBytes) : [];
      for (const chunk of content) hash.update(chunk);
      if (meta.type === 'directory') visit(child, path);
      else hash.update(String(links));
    }
  };
  visit(volume.rootInode, '');
  return hash.digest('hex');
}
