import type { ByteSource } from '../../images/source.ts';
import { wide } from './bits.ts';
import { crc32c } from './crc32c.ts';
import { damaged } from './failures.ts';
import type { Superblock } from './superblock.ts';

/** Where the parts of one block group lie, in blocks. */
export interface Group {
  readonly blockBitmap: number;
  readonly inodeBitmap: number;
  readonly inodeTable: number;
  /** True if the bitmap of inodes was never written: no inode is in use. */
  readonly noInodes: boolean;
  /** True if the bitmap of blocks was never written. */
  readonly noBlockBitmap: boolean;
  /** Inodes at the end of the table that were never used. */
  readonly unusedInodes: number;
}

/** Blocks that the inode table of a group takes. */
export function tableBlocks(sb: Superblock): number {
  return Math.ceil((sb.inodesPerGroup * sb.inodeSize) / sb.blockSize);
}

function power(of: number, value: number): boolean {
  let at = of;
  while (at < value) at *= of;
  return at === value;
}

/** True if a group begins with a copy of the superblock. */
export function hasSuperblock(sb: Superblock, group: number): boolean {
  const sparse2 = (sb.words.compatible & 0x200) !== 0;
  // With sparse_super2 the two copies are named in the superblock; both may safely be absent here.
  if (sparse2) return group === 0;
  if ((sb.words.readOnly & 1) === 0) return true;
  return group <= 1 || power(3, group) || power(5, group) || power(7, group);
}

/** First block of a group. */
export function groupStart(sb: Superblock, group: number): number {
  return sb.firstDataBlock + group * sb.blocksPerGroup;
}

/** The block that holds the descriptor of a group, and how many lie before it in there. */
function descriptorBlock(sb: Superblock, group: number): number {
  const perBlock = sb.blockSize / sb.descriptorSize;
  const index = Math.floor(group / perBlock);
  if (!sb.features.metaGroups || index < sb.firstMetaGroup) return sb.firstDataBlock + 1 + index;
  const first = index * perBlock;
  return groupStart(sb, first) + (hasSuperblock(sb, first) ? 1 : 0);
}

function checkDescriptor(sb: Superblock, group: number, raw: Buffer): void {
  if (!sb.features.metadataChecksums) return;
  const index = Buffer.alloc(4);
  index.writeUInt32LE(group);
  const cleared = Buffer.from(raw);
  cleared.writeUInt16LE(0, 0x1e);
  const value = crc32c(crc32c(sb.checksumSeed, index), cleared) & 0xffff;
  if (value !== raw.readUInt16LE(0x1e)) {
    throw damaged(`the checksum of block group ${group} is wrong`);
  }
}

function parse(sb: Superblock, group: number, raw: Buffer): Group {
  checkDescriptor(sb, group, raw);
  const both = (low: number, high: number) =>
    wide(sb.features.wide ? raw.readUInt32LE(high) : 0, raw.readUInt32LE(low));
  const flags = sb.features.groupChecksums ? raw.readUInt16LE(0x12) : 0;
  const unused = sb.features.groupChecksums
    ? raw.readUInt16LE(0x1c) + (sb.features.wide ? raw.readUInt16LE(0x32) * 65536 : 0)
    : 0;
  const found: Group = {
    blockBitmap: both(0, 0x20),
    inodeBitmap: both(4, 0x24),
    inodeTable: both(8, 0x28),
    noInodes: (flags & 1) !== 0,
    noBlockBitmap: (flags & 2) !== 0,
    unusedInodes: Math.min(unused, sb.inodesPerGroup),
  };
  const inside = (block: number, count: number) =>
    block > sb.firstDataBlock && block + count <= sb.blocks;
  const good =
    inside(found.blockBitmap, 1) &&
    inside(found.inodeBitmap, 1) &&
    inside(found.inodeTable, tableBlocks(sb));
  if (!good) throw damaged(`block group ${group} lies outside of the file system`);
  return found;
}

/** Reads and checks all group descriptors. */
export function readGroups(source: ByteSource, sb: Superblock): readonly Group[] {
  const groups: Group[] = [];
  const block = Buffer.alloc(sb.blockSize);
  const perBlock = sb.blockSize / sb.descriptorSize;
  for (let group = 0; group < sb.groups; group += 1) {
    const within = group % perBlock;
    if (within === 0) source.readInto(descriptorBlock(sb, group) * sb.blockSize, block);
    const start = within * sb.descriptorSize;
    groups.push(parse(sb, group, block.subarray(start, start + sb.descriptorSize)));
  }
  return groups;
}

/** The blocks that hold the primary superblock and group descriptors. */
export function descriptorBlocks(sb: Superblock): readonly number[] {
  const perBlock = sb.blockSize / sb.descriptorSize;
  const blocks = new Set([Math.floor(1024 / sb.blockSize)]);
  for (let group = 0; group < sb.groups; group += perBlock) blocks.add(descriptorBlock(sb, group));
  return [...blocks];
}
