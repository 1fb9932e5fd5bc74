import type { ByteSource } from '../../images/source.ts';
import { wide } from './bits.ts';
import { crc32c } from './crc32c.ts';
import { damaged, unclean, unsupported } from './failures.ts';
import { readFeatures, type Features, type FeatureWords } from './features.ts';

/** The checked values of a superblock. */
export interface Superblock {
  readonly features: Features;
  readonly words: FeatureWords;
  readonly blockSize: number;
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly inodes: number;
  readonly freeInodes: number;
  readonly firstDataBlock: number;
  readonly blocksPerGroup: number;
  readonly inodesPerGroup: number;
  readonly groups: number;
  readonly inodeSize: number;
  readonly firstInode: number;
  readonly descriptorSize: number;
  readonly firstMetaGroup: number;
  readonly reservedDescriptorBlocks: number;
  readonly journalInode: number;
  /** Inode of the orphan file, 0 without one. */
  readonly orphanInode: number;
  /** Inode of the project quota, 0 without one. */
  readonly projectQuotaInode: number;
  /** Start value of all metadata checksums. */
  readonly checksumSeed: number;
  /** Last write, seconds since the epoch. */
  readonly writtenSeconds: number;
}

const SUPERBLOCK_START = 1024;
const MAGIC = 0xef53;
const STATE_CLEAN = 1;
const STATE_ERRORS = 2;

/** True if the source begins like an ext2, ext3 or ext4 file system. */
export function looksLikeExt4(source: ByteSource): boolean {
  if (source.sizeBytes < 2 * SUPERBLOCK_START) return false;
  const magic = Buffer.alloc(2);
  source.readInto(SUPERBLOCK_START + 56, magic);
  return magic.readUInt16LE(0) === MAGIC;
}

function readRaw(source: ByteSource): Buffer {
  if (!looksLikeExt4(source)) throw damaged('there is no superblock');
  const raw = Buffer.alloc(1024);
  source.readInto(SUPERBLOCK_START, raw);
  return raw;
}

function checkState(raw: Buffer): void {
  const state = raw.readUInt16LE(0x3a);
  if ((state & STATE_ERRORS) !== 0) throw unclean('errors were recorded');
  if ((state & STATE_CLEAN) === 0) throw unclean('it was mounted when its machine went off');
  if (raw.readUInt32LE(0xe8) !== 0) throw unclean('deleted files were still open');
}

function checkChecksum(raw: Buffer, features: Features): void {
  if (!features.metadataChecksums) return;
  if (raw[0x175] !== 1) throw unsupported('its kind of checksum', 'Only crc32c is known.');
  if (crc32c(0xffffffff, raw.subarray(0, 1020)) !== raw.readUInt32LE(1020)) {
    throw damaged('the checksum of the superblock is wrong');
  }
}

function seedOf(raw: Buffer, features: Features): number {
  if (features.checksumSeed) return raw.readUInt32LE(0x270);
  return crc32c(0xffffffff, raw.subarray(0x68, 0x78));
}

function require(holds: boolean, what: string): void {
  if (!holds) throw damaged(`the superblock has an absurd ${what}`);
}

function geometry(raw: Buffer, features: Features, sizeBytes: number) {
  const logBlock = raw.readUInt32LE(0x18);
  require(logBlock <= 6, 'block size');
  const blockSize = 1024 * 2 ** logBlock;
  const high = features.wide ? raw.readUInt32LE(0x150) : 0;
  const blocks = wide(high, raw.readUInt32LE(4));
  require(blocks > 0 && blocks * blockSize <= sizeBytes, 'size: it is larger than its partition');
  const firstDataBlock = raw.readUInt32LE(0x14);
  require(firstDataBlock === (blockSize === 1024 ? 1 : 0), 'first block');
  const blocksPerGroup = raw.readUInt32LE(0x20);
  require(blocksPerGroup >= 8 && blocksPerGroup <= 8 * blockSize, 'number of blocks per group');
  const groups = Math.ceil((blocks - firstDataBlock) / blocksPerGroup);
  const inodeSize = raw.readUInt32LE(0x4c) === 0 ? 128 : raw.readUInt16LE(0x58);
  require(inodeSize >= 128 &&
    inodeSize <= blockSize &&
    (inodeSize & (inodeSize - 1)) === 0, 'inode size');
  const inodesPerGroup = raw.readUInt32LE(0x28);
  require(inodesPerGroup > 0 && inodesPerGroup <= 8 * blockSize, 'number of inodes per group');
  const inodes = raw.readUInt32LE(0);
  require(inodes === groups * inodesPerGroup, 'number of inodes');
  return {
    blockSize,
    blocks,
    firstDataBlock,
    blocksPerGroup,
    groups,
    inodeSize,
    inodesPerGroup,
    inodes,
  };
}

function descriptorSizeOf(raw: Buffer, features: Features): number {
  if (!features.wide) return 32;
  const size = raw.readUInt16LE(0xfe);
  require(size >= 64 && size <= 1024 && (size & (size - 1)) === 0, 'descriptor size');
  return size;
}

/** Reads and checks the superblock of a partition; refuses unclean and unknown file systems. */
export function readSuperblock(source: ByteSource): Superblock {
  const raw = readRaw(source);
  const words: FeatureWords = {
    compatible: raw.readUInt32LE(0x5c),
    incompatible: raw.readUInt32LE(0x60),
    readOnly: raw.readUInt32LE(0x64),
  };
  const features = readFeatures(words);
  checkChecksum(raw, features);
  checkState(raw);
  const shape = geometry(raw, features, source.sizeBytes);
  const firstInode = raw.readUInt32LE(0x4c) === 0 ? 11 : raw.readUInt32LE(0x54);
  require(firstInode >= 11 && firstInode <= shape.inodes, 'first inode');
  const freeHigh = features.wide ? raw.readUInt32LE(0x158) : 0;
  return {
    ...shape,
    features,
    words,
    firstInode,
    freeBlocks: Math.min(wide(freeHigh, raw.readUInt32LE(0xc)), shape.blocks),
    freeInodes: Math.min(raw.readUInt32LE(0x10), shape.inodes),
    descriptorSize: descriptorSizeOf(raw, features),
    firstMetaGroup: raw.readUInt32LE(0x104),
    reservedDescriptorBlocks: raw.readUInt16LE(0xce),
    journalInode: features.journal ? raw.readUInt32LE(0xe0) : 0,
    orphanInode: features.orphanFile ? raw.readUInt32LE(0x280) : 0,
    projectQuotaInode: raw.readUInt32LE(0x26c),
    checksumSeed: seedOf(raw, features),
    writtenSeconds: raw.readUInt32LE(0x30),
  };
}
