import { crc32 } from 'node:zlib';
import { damagedDisk } from './failures.ts';
import type { ByteSource, Partition } from './source.ts';

const SECTOR = 512;
const MAX_ENTRIES = 1024;
const UNUSED = '00000000-0000-0000-0000-000000000000';

function guid(raw: Buffer, at: number): string {
  const part = (from: number, to: number, swap: boolean) => {
    const bytes = Buffer.from(raw.subarray(at + from, at + to));
    return (swap ? bytes.reverse() : bytes).toString('hex');
  };
  return [
    part(0, 4, true),
    part(4, 6, true),
    part(6, 8, true),
    part(8, 10, false),
    part(10, 16, false),
  ].join('-');
}

function entryOf(source: ByteSource, raw: Buffer, index: number): Partition | undefined {
  const type = guid(raw, 0);
  if (type === UNUSED) return undefined;
  const first = raw.readBigUInt64LE(32);
  const last = raw.readBigUInt64LE(40);
  if (first < 1n || last < first || (last + 1n) * BigInt(SECTOR) > BigInt(source.sizeBytes)) {
    throw damagedDisk(`partition ${index} goes beyond the disk`);
  }
  const sizeBytes = Number(last - first + 1n) * SECTOR;
  return { index, start: Number(first) * SECTOR, sizeBytes, type };
}

/** The entries that the header in one sector leads to; undefined if it or they are damaged. */
function readTable(source: ByteSource, sector: number): readonly Partition[] | undefined {
  const header = Buffer.alloc(SECTOR);
  source.readInto(sector * SECTOR, header);
  const size = header.readUInt32LE(12);
  if (header.toString('latin1', 0, 8) !== 'EFI PART' || size < 92 || size > SECTOR) {
    return undefined;
  }
  const stored = header.readUInt32LE(16);
  header.writeUInt32LE(0, 16);
  if (crc32(header.subarray(0, size)) !== stored) return undefined;
  const start = header.readBigUInt64LE(72) * BigInt(SECTOR);
  const count = header.readUInt32LE(80);
  const entrySize = header.readUInt32LE(84);
  if (count > MAX_ENTRIES || entrySize < 128 || entrySize > 4096 || entrySize % 8 !== 0) {
    return undefined;
  }
  const length = count * entrySize;
  if (start + BigInt(length) > BigInt(source.sizeBytes)) return undefined;
  const raw = Buffer.alloc(length);
  source.readInto(Number(start), raw);
  if (crc32(raw) !== header.readUInt32LE(88)) return undefined;
  return Array.from({ length: count }, (_, i) =>
    entryOf(source, raw.subarray(i * entrySize, (i + 1) * entrySize), i + 1),
  ).filter((entry) => entry !== undefined);
}

/** The partitions of a GPT; the copy at the end of the disk serves if the first is damaged. */
export function readGpt(source: ByteSource): readonly Partition[] {
  if (source.sizeBytes < 3 * SECTOR) throw damagedDisk('the disk is too small for its table');
  const lastSector = Math.floor(source.sizeBytes / SECTOR) - 1;
  const found = readTable(source, 1) ?? readTable(source, lastSector);
  if (found === undefined) throw damagedDisk('both copies of the partition table are damaged');
  return found;
}
