import { createHash } from 'node:crypto';
import type { Digest } from '../core/digest.ts';
import { impossible } from '../core/failure.ts';
import { CAP } from './names.ts';

/** What a slot holds when nothing is stored for it: all its bytes are zero. */
export const HOLE = 0xffff_ffff;

const MAGIC = Buffer.from('DISKIDX1', 'latin1');
const HEADER_BYTES = 64;
const CHUNK_RECORD_BYTES = 48;
const PACKED = 1;
const SLACK_BYTES = 64 * 1024;
const SMALLEST_CHUNK = 2 ** 20;
const LARGEST_CHUNK = 2 ** 24;
/** As the disks that are imported. */
const LARGEST_DISK = 4 * 2 ** 40;

/** Where one distinct chunk lies. */
interface ChunkRecord {
  /** SHA-256 of the raw bytes, in hex. */
  readonly raw: string;
  readonly blob: number;
  /** Equal to the raw length when the chunk is stored uncompressed. */
  readonly storedLength: number;
  readonly offset: number;
}

/** The index of a disk: which chunk each slot holds. */
export interface DiskIndex {
  readonly diskBytes: number;
  readonly chunkBytes: number;
  readonly packed: boolean;
  readonly blobCount: number;
  readonly slots: Uint32Array;
  readonly chunks: readonly ChunkRecord[];
}

/** Length of the bytes that a slot covers; the last one may be short. */
export function slotLength(
  index: Pick<DiskIndex, 'diskBytes' | 'chunkBytes'>,
  slot: number,
): number {
  return Math.min(index.chunkBytes, index.diskBytes - slot * index.chunkBytes);
}

/** Bytes of the slots that are no holes. Few chunks can be a disk of any size, so slots count. */
export function filledBytes(index: DiskIndex): number {
  return index.slots.reduce(
    (sum, ordinal, slot) => sum + (ordinal === HOLE ? 0 : slotLength(index, slot)),
    0,
  );
}

/** The binary form, little-endian. */
export function encodeDiskIndex(index: DiskIndex): Buffer {
  const { slots, chunks } = index;
  const size = HEADER_BYTES + 4 * slots.length + CHUNK_RECORD_BYTES * chunks.length;
  if (size > CAP.indexBytes) {
    throw impossible(
      'DiskTooLarge',
      `a disk of ${index.diskBytes} bytes needs an index of more than ${CAP.indexBytes} bytes`,
      'Use a smaller disk.',
    );
  }
  const bytes = Buffer.alloc(size);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(HEADER_BYTES, 8);
  bytes.writeUInt32LE(index.packed ? PACKED : 0, 12);
  bytes.writeBigUInt64LE(BigInt(index.diskBytes), 16);
  for (const [at, value] of [
    [24, index.chunkBytes],
    [28, slots.length],
    [32, chunks.length],
    [36, index.blobCount],
  ] as const) {
    bytes.writeUInt32LE(value, at);
  }
  slots.forEach((ordinal, slot) => bytes.writeUInt32LE(ordinal, HEADER_BYTES + 4 * slot));
  const table = HEADER_BYTES + 4 * slots.length;
  chunks.forEach((chunk, ordinal) => {
    const at = table + CHUNK_RECORD_BYTES * ordinal;
    bytes.write(chunk.raw, at, 'hex');
    bytes.writeUInt32LE(chunk.blob, at + 32);
    bytes.writeUInt32LE(chunk.storedLength, at + 36);
    bytes.writeBigUInt64LE(BigInt(chunk.offset), at + 40);
  });
  return bytes;
}

function refuse(cause: string): never {
  throw impossible('DiskIndexInvalid', `disk index: ${cause}`, 'The index was not written by us.');
}

interface Header {
  readonly diskBytes: number;
  readonly chunkBytes: number;
  readonly packed: boolean;
  readonly slotCount: number;
  readonly chunkCount: number;
  readonly blobCount: number;
}

function decodeHeader(bytes: Buffer): Header {
  if (bytes.length < HEADER_BYTES) refuse(`${bytes.length} bytes are less than a header`);
  if (!bytes.subarray(0, 8).equals(MAGIC)) refuse('wrong magic');
  if (bytes.readUInt32LE(8) !== HEADER_BYTES) refuse('header length is not 64');
  const flags = bytes.readUInt32LE(12);
  if ((flags & ~PACKED) !== 0) refuse(`unknown flags ${flags}`);
  if (bytes.subarray(40, HEADER_BYTES).some((byte) => byte !== 0)) refuse('reserved bytes are set');
  return {
    diskBytes: Number(bytes.readBigUInt64LE(16)),
    packed: flags === PACKED,
    chunkBytes: bytes.readUInt32LE(24),
    slotCount: bytes.readUInt32LE(28),
    chunkCount: bytes.readUInt32LE(32),
    blobCount: bytes.readUInt32LE(36),
  };
}

function checkHeader(header: Header, length: number): void {
  const { diskBytes, chunkBytes, slotCount, chunkCount, blobCount, packed } = header;
  if (diskBytes > LARGEST_DISK) refuse(`disk size ${diskBytes} is over 4 TiB`);
  if (diskBytes % 512 !== 0) refuse('disk size is not usable');
  const powerOfTwo = (chunkBytes & (chunkBytes - 1)) === 0;
  if (chunkBytes < SMALLEST_CHUNK || chunkBytes > LARGEST_CHUNK || !powerOfTwo) {
    refuse(`chunk size ${chunkBytes}`);
  }
  if (slotCount !== Math.ceil(diskBytes / chunkBytes)) refuse('slots do not cover the disk');
  if (length !== HEADER_BYTES + 4 * slotCount + CHUNK_RECORD_BYTES * chunkCount) {
    refuse('truncated, or trailing bytes');
  }
  if (!packed && blobCount !== chunkCount) refuse('as many blobs as chunks are needed');
}

function decodeChunk(bytes: Buffer, at: number): ChunkRecord {
  return {
    raw: bytes.toString('hex', at, at + 32),
    blob: bytes.readUInt32LE(at + 32),
    storedLength: bytes.readUInt32LE(at + 36),
    offset: Number(bytes.readBigUInt64LE(at + 40)),
  };
}

function checkChunk(chunk: ChunkRecord, ordinal: number, header: Header): void {
  if (chunk.blob >= header.blobCount) refuse(`chunk ${ordinal}: blob ordinal out of range`);
  if (!Number.isSafeInteger(chunk.offset)) refuse(`chunk ${ordinal}: offset out of range`);
  if (!header.packed && (chunk.blob !== ordinal || chunk.offset !== 0)) {
    refuse(`chunk ${ordinal}: not a blob of its own`);
  }
  if (chunk.storedLength > header.chunkBytes + SLACK_BYTES) {
    refuse(`chunk ${ordinal}: stored length exceeds the raw length`);
  }
}

/** Reads the binary form, and accepts nothing that a writer would not write. */
export function decodeDiskIndex(input: Uint8Array): DiskIndex {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const header = decodeHeader(bytes);
  checkHeader(header, bytes.length);
  const { diskBytes, chunkBytes, packed, blobCount, slotCount, chunkCount } = header;
  const table = HEADER_BYTES + 4 * slotCount;
  const chunks = Array.from({ length: chunkCount }, (_, ordinal) => {
    const chunk = decodeChunk(bytes, table + CHUNK_RECORD_BYTES * ordinal);
    checkChunk(chunk, ordinal, header);
    return chunk;
  });
  const slots = new Uint32Array(slotCount);
  for (let slot = 0; slot < slotCount; slot += 1) {
    const ordinal = bytes.readUInt32LE(HEADER_BYTES + 4 * slot);
    slots[slot] = ordinal;
    if (ordinal === HOLE) continue;
    const chunk = chunks[ordinal];
    if (chunk === undefined) refuse(`slot ${slot}: chunk ordinal out of range`);
    if (chunk.storedLength > slotLength(header, slot) + SLACK_BYTES) {
      refuse(`slot ${slot}: stored length exceeds the raw length`);
    }
  }
  return { diskBytes, chunkBytes, packed, blobCount, slots, chunks };
}

/**
 * The identity of a disk's bytes, whatever their compression or packing: equal disks have equal
 * content digests in every store.
 */
export function contentDigest(index: DiskIndex): Digest {
  const hash = createHash('sha256').update('DISKCONTENT1\0', 'latin1');
  const sizes = Buffer.alloc(12);
  sizes.writeBigUInt64LE(BigInt(index.diskBytes), 0);
  sizes.writeUInt32LE(index.chunkBytes, 8);
  hash.update(sizes);
  const zeros = Buffer.alloc(32);
  const raws = index.chunks.map(({ raw }) => Buffer.from(raw, 'hex'));
  for (const ordinal of index.slots) hash.update(raws[ordinal] ?? zeros);
  return `sha256:${hash.digest('hex')}`;
}
