import { statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/host/run.ts';
import { writeExt4, type Ext4WriteReport } from '../../src/engine/ext4/write-ext4.ts';
import type { VolumeChange, WantedMeta } from '../../src/engine/volume.ts';
import { createOverlay } from '../../src/images/qemu-img.ts';
import type { DiskFile } from '../../src/images/source.ts';

/** Where the partition of a test disk begins. */
export const PARTITION_START = 2 ** 20;

/** Turns a file system image into a disk with one partition. */
export async function diskOf(image: string): Promise<DiskFile> {
  const { size } = statSync(image);
  const disk = `${image}.disk`;
  await run('truncate', ['-s', String(PARTITION_START + size), disk]);
  await run('sfdisk', ['-q', disk], { stdin: 'label: dos\nstart=2048, type=83\n' });
  await run('dd', [`if=${image}`, `of=${disk}`, 'bs=1M', 'seek=1', 'conv=notrunc,sparse']);
  await rm(image);
  await rename(disk, image);
  return { path: image, format: 'raw' };
}

/** Applies changes to a fresh overlay of a disk. */
export async function applyChanges(
  base: DiskFile,
  path: string,
  changes: Iterable<VolumeChange>,
): Promise<{
  readonly disk: DiskFile;
  readonly report: Ext4WriteReport;
  readonly storedBytes: number;
}> {
  const disk = await createOverlay(run, { path, backing: base });
  const workDir = `${path}.work`;
  await mkdir(workDir);
  const sizeBytes = await partitionBytes(base);
  const report = await writeExt4({
    disk,
    partition: { start: PARTITION_START, sizeBytes },
    changes,
    workDir,
    runDir: join(path, '..'),
    run,
  });
  return { disk, report, storedBytes: statSync(path).blocks * 512 };
}

async function partitionBytes(disk: DiskFile): Promise<number> {
  const { stdout } = await run('qemu-img', ['info', '--output=json', '-f', disk.format, disk.path]);
  return Number((JSON.parse(stdout) as Record<string, unknown>)['virtual-size']) - PARTITION_START;
}

/** Lets e2fsck look at the partition of a disk; throws with its words if it finds anything. */
export async function checkedByE2fsck(disk: DiskFile): Promise<void> {
  const flat = `${disk.path}.check`;
  await run('qemu-img', ['convert', '-f', disk.format, '-O', 'raw', disk.path, flat]);
  await run('e2fsck', ['-f', '-n', `${flat}?offset=${PARTITION_START}`]);
  await rm(flat);
}

/** Metadata with everything that the test does not care about. */
export function metaOf(type: WantedMeta['type'], rest: Partial<WantedMeta> = {}): WantedMeta {
  const mtime = { seconds: 1_700_000_001, nanoseconds: 123_456_789 };
  return {
    type,
    mode: type === 'directory' ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    mtime,
    xattrs: new Map(),
    ...rest,
  };
}
