import { damagedDisk } from './failures.ts';
import { readGpt } from './gpt.ts';
import type { ByteSource, Partition } from './source.ts';

const SECTOR = 512;
const PROTECTIVE = 'ee';
const EXTENDED = new Set([0x05, 0x0f, 0x85]);
const MAX_LOGICAL = 128;

interface Entry {
  readonly type: number;
  readonly sector: number;
  readonly sectors: number;
}

function readTable(source: ByteSource, sector: number): readonly Entry[] | undefined {
  if ((sector + 1) * SECTOR > source.sizeBytes) {
    throw damagedDisk('the partition table points beyond the disk');
  }
  const raw = Buffer.alloc(SECTOR);
  source.readInto(sector * SECTOR, raw);
  if (raw.readUInt16LE(510) !== 0xaa55) return undefined;
  return [446, 462, 478, 494].map((at) => ({
    type: raw.readUInt8(at + 4),
    sector: raw.readUInt32LE(at + 8),
    sectors: raw.readUInt32LE(at + 12),
  }));
}

function partition(source: ByteSource, index: number, entry: Entry, base: number): Partition {
  const start = (base + entry.sector) * SECTOR;
  const sizeBytes = entry.sectors * SECTOR;
  // The protective entry of a GPT may claim more than the disk has.
  if (entry.type !== 0xee && (entry.sector === 0 || start + sizeBytes > source.sizeBytes)) {
    throw damagedDisk(`partition ${index} goes beyond the disk`);
  }
  return { index, start, sizeBytes, type: entry.type.toString(16).padStart(2, '0') };
}

function logical(source: ByteSource, extended: Entry): readonly Partition[] {
  const found: Partition[] = [];
  const seen = new Set<number>();
  for (let table = extended.sector; !seen.has(table);) {
    seen.add(table);
    if (seen.size > MAX_LOGICAL) throw damagedDisk('there are too many logical partitions');
    const [entry, next] = readTable(source, table) ?? [];
    if (entry === undefined || next === undefined) {
      throw damagedDisk('the chain of logical partitions is broken');
    }
    if (entry.type !== 0 && entry.sectors > 0) {
      found.push(partition(source, 5 + found.length, entry, table));
    }
    if (!EXTENDED.has(next.type) || next.sectors === 0) return found;
    table = extended.sector + next.sector;
  }
  throw damagedDisk('the chain of logical partitions runs in a circle');
}

/** True if the boot sector begins a file system, whose code only looks like a table. */
function isFileSystem(source: ByteSource): boolean {
  const raw = Buffer.alloc(SECTOR);
  source.readInto(0, raw);
  return raw.toString('latin1', 3, 11) === 'NTFS    ' || raw.toString('latin1', 54, 57) === 'FAT';
}

/** The partitions of an MBR, logical ones included; empty without one. */
function readMbr(source: ByteSource): readonly Partition[] {
  if (source.sizeBytes < SECTOR || isFileSystem(source)) return [];
  const entries = readTable(source, 0) ?? [];
  const used = entries
    .map((entry, i) => ({ entry, index: i + 1 }))
    .filter(({ entry }) => entry.type !== 0 && entry.sectors > 0);
  const plain = used
    .filter(({ entry }) => !EXTENDED.has(entry.type))
    .map(({ entry, index }) => partition(source, index, entry, 0));
  const extended = used.find(({ entry }) => EXTENDED.has(entry.type));
  return extended === undefined ? plain : [...plain, ...logical(source, extended.entry)];
}

/** The partitions of a disk; empty for a disk without a table. */
export function readPartitions(source: ByteSource): readonly Partition[] {
  const found = readMbr(source);
  return found.some(({ type }) => type === PROTECTIVE) ? readGpt(source) : found;
}
