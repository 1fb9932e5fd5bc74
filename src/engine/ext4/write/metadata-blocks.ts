import { descriptorBlocks, groupStart, hasSuperblock, tableBlocks } from '../groups.ts';
import { damaged } from '../failures.ts';
import { typeOf, type Inode } from '../inode.ts';
import { hasBlocks, type Ext4Volume } from '../reader.ts';

/** A run of blocks of a partition. */
export interface BlockRun {
  readonly block: number;
  readonly count: number;
}

function* fixedBlocks(volume: Ext4Volume): Generator<BlockRun> {
  const { superblock: sb, groups } = volume;
  for (const block of descriptorBlocks(sb)) yield { block, count: 1 };
  for (const [index, group] of groups.entries()) {
    if (hasSuperblock(sb, index)) yield { block: groupStart(sb, index), count: 1 };
    if (!group.noBlockBitmap) yield { block: group.blockBitmap, count: 1 };
    if (group.noInodes) continue;
    yield { block: group.inodeBitmap, count: 1 };
    const used = (sb.inodesPerGroup - group.unusedInodes) * sb.inodeSize;
    const count = Math.min(Math.ceil(used / sb.blockSize), tableBlocks(sb));
    if (count > 0) yield { block: group.inodeTable, count };
  }
}

/** How many of the first blocks of an inode's content are metadata to e2fsck and debugfs. */
function metadataContent(volume: Ext4Volume, inode: Inode): number {
  const { journalInode, orphanInode, firstInode } = volume.superblock;
  if (inode.number === journalInode) return 1;
  if (inode.number === orphanInode) return Infinity;
  if (inode.number < firstInode && inode.number !== volume.rootInode) return 0;
  return typeOf(inode) === 'file' ? 0 : Infinity;
}

function isOwnFile(volume: Ext4Volume, inode: Inode): boolean {
  const { firstInode } = volume.superblock;
  return inode.number < firstInode && inode.number !== volume.rootInode;
}

function* inodeBlocks(
  volume: Ext4Volume,
  inode: Inode,
  claim: (blocks: number) => void,
): Generator<BlockRun> {
  if (inode.xattrBlock !== 0) yield { block: inode.xattrBlock, count: 1 };
  if (!isOwnFile(volume, inode) && !hasBlocks(inode)) return;
  const limit = metadataContent(volume, inode);
  for (const { logical, physical, count } of volume.runs(inode)) {
    claim(count);
    if (logical < 0) yield { block: physical, count };
    else if (logical < limit) yield { block: physical, count: Math.min(count, limit - logical) };
  }
}

/**
 * All blocks that describe the file system rather than hold file content: what debugfs and e2fsck
 * read, and besides new content all that debugfs writes.
 */
export function* metadataBlocks(volume: Ext4Volume): Generator<BlockRun> {
  yield* fixedBlocks(volume);
  let claimed = 0;
  const claim = (blocks: number) => {
    claimed += blocks;
    if (claimed > volume.superblock.blocks) throw damaged('its inodes claim more than it has');
  };
  for (const number of volume.allocated()) yield* inodeBlocks(volume, volume.inode(number), claim);
}
