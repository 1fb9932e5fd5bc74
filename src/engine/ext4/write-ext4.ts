import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from '../../host/run.ts';
import { isFailure } from '../../core/failure.ts';
import { withNbd } from '../../images/nbd.ts';
import { openDisk } from '../../images/open-disk.ts';
import { part } from '../../images/part.ts';
import type { ByteSource, DiskFile } from '../../images/source.ts';
import type { VolumeChange } from '../volume.ts';
import { checkWritable } from './features.ts';
import { openExt4, type Ext4Volume } from './reader.ts';
import { writeCommands } from './write/commands.ts';
import { checkFileSystem, checkUnchanged, runScript, type Tools } from './write/debugfs.ts';
import { metadataBlocks } from './write/metadata-blocks.ts';
import { copyMetadata } from './write/metadata-copy.ts';
import { planWrite, type WritePlan } from './write/plan.ts';
import { Pusher } from './write/push.ts';
import { checkSpace } from './write/space.ts';
import { Spool } from './write/spool.ts';
import { verifyWrite } from './write/verify.ts';
import { WantedTree } from './write/wanted-tree.ts';

/** What a write needs. */
export interface Ext4Write {
  /** A fresh overlay that nobody else has open; worthless if the write fails. */
  readonly disk: DiskFile;
  readonly partition: { readonly start: number; readonly sizeBytes: number };
  /** Files named as content must stay until the write is over. */
  readonly changes: Iterable<VolumeChange> | AsyncIterable<VolumeChange>;
  /** An empty folder for a copy of the metadata and all new content; emptied at the end. */
  readonly workDir: string;
  /** A folder with a short path, for a socket. */
  readonly runDir: string;
  readonly run: Run;
  readonly signal?: AbortSignal;
}

/** What a write did. */
export interface Ext4WriteReport {
  readonly createdInodes: number;
  readonly removedInodes: number;
  /** Bytes that went into the overlay. */
  readonly writtenBytes: number;
}

const IMAGE = 'metadata.raw';

async function collect(write: Ext4Write, volume: Ext4Volume, spool: Spool): Promise<WantedTree> {
  const tree = new WantedTree(volume);
  for await (const change of write.changes) {
    write.signal?.throwIfAborted();
    if (change.op === 'link') tree.link(change.path, change.to);
    else if (change.op === 'remove') tree.remove(change.path);
    else if (change.meta.type !== 'file') tree.put(change, undefined);
    else tree.put(change, await spool.content(change.content));
  }
  return tree;
}

async function withDisk<Result>(
  write: Ext4Write,
  file: DiskFile,
  use: (partition: ByteSource) => Promise<Result>,
): Promise<Result> {
  const disk = await openDisk(file, { run: write.run });
  try {
    const whole = file.path !== write.disk.path;
    const { start, sizeBytes } = write.partition;
    return await use(whole ? disk : part(disk, start, sizeBytes));
  } finally {
    disk.close();
  }
}

interface Unchanged {
  readonly before: ByteSource;
  readonly volume: Ext4Volume;
}

async function change(
  tools: Tools,
  { before, volume }: Unchanged,
  scripts: readonly string[],
): Promise<void> {
  const image = join(tools.folder, tools.image);
  const { freeBlocks, blockSize } = volume.superblock;
  copyMetadata(before, volume, image);
  try {
    for (const script of scripts) await runScript(tools, script, freeBlocks * blockSize);
    await checkFileSystem(tools);
  } catch (error) {
    if (!isFailure(error) || error.code !== 'Ext4WriteFailed') throw error;
    // Only then it is asked whether all was well before, which costs as much as the check itself.
    await rm(image);
    copyMetadata(before, volume, image);
    await checkUnchanged(tools);
    throw error;
  }
}

async function pushAll(write: Ext4Write, before: ByteSource, plan: WritePlan): Promise<number> {
  const copy: DiskFile = { path: join(write.workDir, IMAGE), format: 'raw' };
  return withDisk(write, copy, (after) => {
    const volume = openExt4(after);
    const offset = write.partition.start;
    return withNbd(write.disk, write, async (client) => {
      const pusher = new Pusher({ client, before, after, offset, blockSize: volume.blockSize });
      for (const run of metadataBlocks(volume)) await pusher.changed(run);
      for (const run of newContent(volume, plan)) await pusher.whole(run);
      await pusher.finish();
      return pusher.writtenBytes;
    });
  });
}

/** The blocks of the regular files that the write made. */
function* newContent(volume: Ext4Volume, plan: WritePlan) {
  const seen = new Set<number>();
  for (const { path, added } of plan.directories) {
    for (const [name, node] of added) {
      if (node.type !== 'file' || node.inode !== undefined) continue;
      const inode = volume.lookup(`${path}/${name}`);
      if (inode === undefined || seen.has(inode)) continue;
      seen.add(inode);
      for (const { logical, physical, count } of volume.runs(volume.inode(inode))) {
        if (logical >= 0) yield { block: physical, count };
      }
    }
  }
}

/**
 * Applies changes to an ext4 file system on an overlay, without mounting it: debugfs changes a copy of
 * the metadata, e2fsck checks it, the changed blocks go into the overlay, and all that was changed is
 * read back and compared.
 */
export async function writeExt4(write: Ext4Write): Promise<Ext4WriteReport> {
  const { run, workDir, signal } = write;
  const image = join(workDir, IMAGE);
  const content = join(workDir, 'content');
  const tools: Tools = {
    run,
    folder: workDir,
    image: IMAGE,
    ...(signal === undefined ? {} : { signal }),
  };
  try {
    const { plan, writtenBytes } = await withDisk(write, write.disk, async (before) => {
      const volume = openExt4(before);
      checkWritable(volume.superblock.words);
      const spool = await Spool.open(content);
      const tree = await collect(write, volume, spool);
      const plan = planWrite(volume, tree.root);
      checkSpace(volume, plan);
      await change(tools, { before, volume }, await writeCommands(volume, plan, spool));
      return { plan, writtenBytes: await pushAll(write, before, plan) };
    });
    await withDisk(write, write.disk, async (after) => verifyWrite(openExt4(after), plan));
    return { createdInodes: plan.names.size, removedInodes: plan.killed.length, writtenBytes };
  } finally {
    for (const path of [image, content, join(workDir, 'script')]) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
