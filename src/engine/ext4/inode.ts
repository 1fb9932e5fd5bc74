import type { NodeMeta, NodeType } from '../volume.ts';
import { wide } from './bits.ts';
import { crc32c } from './crc32c.ts';
import { damaged } from './failures.ts';
import type { Superblock } from './superblock.ts';

/** One inode record, decoded on demand. */
export interface Inode {
  readonly number: number;
  readonly raw: Buffer;
  readonly mode: number;
  readonly flags: number;
  readonly size: number;
  readonly links: number;
  /** The 60 bytes that hold the block map, the extent root, a short target or a device. */
  readonly map: Buffer;
  /** Block of extended attributes, 0 without one. */
  readonly xattrBlock: number;
  readonly generation: number;
}

/** The inode uses an extent tree. */
export const FLAG_EXTENTS = 0x80000;
const FLAG_ENCRYPTED = 0x800;
const FLAG_INLINE = 0x10000000;
const FLAG_EA_INODE = 0x200000;

const TYPES: ReadonlyMap<number, NodeType> = new Map([
  [0x1, 'fifo'],
  [0x2, 'char'],
  [0x4, 'directory'],
  [0x6, 'block'],
  [0x8, 'file'],
  [0xa, 'symlink'],
  [0xc, 'socket'],
]);

function checkChecksum(sb: Superblock, number: number, raw: Buffer, extra: number): void {
  if (!sb.features.metadataChecksums) return;
  const cleared = Buffer.from(raw);
  cleared.writeUInt16LE(0, 0x7c);
  const hasHigh = extra >= 4;
  if (hasHigh) cleared.writeUInt16LE(0, 0x82);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(number, 0);
  head.writeUInt32LE(raw.readUInt32LE(0x64), 4);
  const value = crc32c(crc32c(sb.checksumSeed, head), cleared);
  const stored = raw.readUInt16LE(0x7c) + (hasHigh ? raw.readUInt16LE(0x82) * 65536 : 0);
  if ((hasHigh ? value : value & 0xffff) !== stored) {
    throw damaged(`the checksum of inode ${number} is wrong`);
  }
}

/** Bytes after the first 128 that hold fixed fields. */
export function extraSize(sb: Superblock, raw: Buffer): number {
  if (sb.inodeSize <= 128) return 0;
  const extra = raw.readUInt16LE(0x80);
  if (extra > sb.inodeSize - 128 || extra % 4 !== 0)
    throw damaged('an inode has absurd extra fields');
  return extra;
}

/** Decodes a record; checks its checksum, its type and its flags. */
export function parseInode(sb: Superblock, number: number, raw: Buffer): Inode {
  checkChecksum(sb, number, raw, extraSize(sb, raw));
  const flags = raw.readUInt32LE(0x20);
  if ((flags & (FLAG_ENCRYPTED | FLAG_INLINE | FLAG_EA_INODE)) !== 0) {
    throw damaged(`inode ${number} uses a feature that its file system does not have`);
  }
  const mode = raw.readUInt16LE(0);
  const highAcl = sb.features.wide ? raw.readUInt16LE(0x76) : 0;
  return {
    number,
    raw,
    mode,
    flags,
    size: wide((mode & 0xf000) === 0xa000 ? 0 : raw.readUInt32LE(0x6c), raw.readUInt32LE(4)),
    links: raw.readUInt16LE(0x1a),
    map: raw.subarray(0x28, 0x64),
    xattrBlock: wide(highAcl, raw.readUInt32LE(0x68)),
    generation: raw.readUInt32LE(0x64),
  };
}

/** What the inode stands for. */
export function typeOf(inode: Inode): NodeType {
  const type = TYPES.get(inode.mode >>> 12);
  if (type === undefined) throw damaged(`inode ${inode.number} is of no known type`);
  return type;
}

/** True for a directory whose names are found by a hash tree. */
export function isIndexed(inode: Inode): boolean {
  return (inode.flags & 0x1000) !== 0;
}

/** Bytes that the inode occupies on the disk, its metadata included. */
export function occupiedBytes(sb: Superblock, inode: Inode): number {
  const high = sb.features.hugeFiles ? inode.raw.readUInt16LE(0x74) : 0;
  const units = wide(high, inode.raw.readUInt32LE(0x1c));
  const inBlocks = sb.features.hugeFiles && (inode.flags & 0x40000) !== 0;
  return units * (inBlocks ? sb.blockSize : 512);
}

/** Last change of the content, with the two epoch bits and the nanoseconds of larger inodes. */
export function mtimeOf(sb: Superblock, inode: Inode): NodeMeta['mtime'] {
  const seconds = inode.raw.readInt32LE(0x10);
  if (extraSize(sb, inode.raw) < 12) return { seconds, nanoseconds: 0 };
  const extra = inode.raw.readUInt32LE(0x88);
  return { seconds: seconds + (extra & 3) * 2 ** 32, nanoseconds: extra >>> 2 };
}

/** The number of a device, in the old encoding of 16 bits or the new one of 32. */
export function deviceOf(inode: Inode): { readonly major: number; readonly minor: number } {
  const old = inode.map.readUInt32LE(0);
  if (old !== 0) return { major: (old >>> 8) & 0xff, minor: old & 0xff };
  const value = inode.map.readUInt32LE(4);
  return { major: (value >>> 8) & 0xfff, minor: (value & 0xff) | ((value >>> 12) & 0xfff00) };
}
