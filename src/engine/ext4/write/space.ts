import { occupiedBytes } from '../inode.ts';
import type { Ext4Volume } from '../reader.ts';
import { doesNotFit } from './failures.ts';
import type { TouchedDirectory, WritePlan } from './plan.ts';
import type { WantedNode } from './wanted-node.ts';

/** Bytes in the inode that attributes may use, after the fixed fields and the magic. */
const INODE_XATTR_ROOM = 64;

/** What may stay free at the end of a directory block: the longest entry, and the checksum. */
export const DIRECTORY_WASTE = 8 + 256 + 12;

/** Room that entries take at most in directory blocks that are filled from empty. */
export function entryBytes(names: readonly string[]): number {
  return names.reduce((sum, name) => sum + 8 + Math.ceil(Buffer.byteLength(name) / 4) * 4, 0);
}

function nodeBlocks(node: WantedNode, blockSize: number): number {
  const data = Math.ceil((node.content?.storedBytes ?? 0) / blockSize);
  // One block of map for each 300 of data covers the worst that either kind of map needs.
  const map = data > 4 ? Math.ceil(data / 300) : 0;
  const target = node.meta?.target;
  const link = target !== undefined && Buffer.byteLength(target) >= 60 ? 1 : 0;
  let attributes = 0;
  for (const [name, value] of node.meta?.xattrs ?? [])
    attributes += name.length + value.length + 24;
  return data + map + link + (attributes > INODE_XATTR_ROOM ? 1 : 0);
}

function directoryBlocks({ added }: TouchedDirectory, blockSize: number): number {
  if (added.length === 0) return 0;
  return Math.ceil(entryBytes(added.map(([name]) => name)) / (blockSize - DIRECTORY_WASTE)) + 1;
}

/** Throws unless the plan fits into what is free and what it frees. */
export function checkSpace(volume: Ext4Volume, plan: WritePlan): void {
  const { blockSize, freeBlocks, freeInodes } = volume.superblock;
  const freed = plan.killed.reduce(
    (sum, inode) => sum + occupiedBytes(volume.superblock, volume.inode(inode)),
    0,
  );
  let needed = 0;
  for (const node of plan.names.keys()) needed += nodeBlocks(node, blockSize);
  for (const directory of plan.directories) needed += directoryBlocks(directory, blockSize);
  const free = freeBlocks * blockSize + freed;
  if (needed * blockSize > free) throw doesNotFit(needed * blockSize, free);
  const inodes = freeInodes + plan.killed.length;
  if (plan.names.size > inodes) {
    throw doesNotFit(
      plan.names.size * volume.superblock.inodeSize,
      inodes * volume.superblock.inodeSize,
    );
  }
}
