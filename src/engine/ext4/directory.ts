import type { DirEntry } from '../volume.ts';
import { crc32c } from './crc32c.ts';
import { badName, damaged } from './failures.ts';
import type { Inode } from './inode.ts';
import type { MapContext } from './map-context.ts';
import { runsOf } from './content.ts';
import { decodeName } from './names.ts';

/** An entry as it lies in the directory, `.` and `..` included. */
export interface RawEntry {
  readonly inode: number;
  readonly name: Buffer;
}

/** More names than this in one directory are not read. */
const MAX_ENTRIES = 4_000_000;

/** The last entry of a block with a checksum: unused, 12 bytes, of type 0xde. */
const TAIL = 12;
const TAIL_MARK = 0xde00000c;

function checkBlock(context: MapContext, directory: Inode, block: Buffer): void {
  if (!context.sb.features.metadataChecksums) return;
  const tail = block.length - TAIL;
  const head = Buffer.alloc(8);
  head.writeUInt32LE(directory.number, 0);
  head.writeUInt32LE(directory.generation, 4);
  const value = crc32c(crc32c(context.sb.checksumSeed, head), block.subarray(0, tail));
  if (value !== block.readUInt32LE(tail + 8)) {
    throw damaged(`the checksum of a block of directory ${directory.number} is wrong`);
  }
}

function* blockEntries(context: MapContext, directory: Inode, block: Buffer): Generator<RawEntry> {
  const { fileTypes } = context.sb.features;
  for (let at = 0; at + 8 <= block.length;) {
    const inode = block.readUInt32LE(at);
    const stored = block.readUInt16LE(at + 4);
    // Blocks of 64 KiB put the two high bits of the length below, and 0 or 0xffff for all of it.
    const whole = block.length === 65536 && (stored === 0 || stored === 65535);
    const length = whole ? 65536 : (stored & 0xfffc) | ((stored & 3) << 16);
    const nameLength = fileTypes ? block.readUInt8(at + 6) : block.readUInt16LE(at + 6);
    if (length < 8 || at + length > block.length || nameLength > length - 8) {
      throw damaged(`directory ${directory.number} has a damaged entry`);
    }
    // Blocks of the hash tree have no entry here, though they may hold the remains of one.
    if (at === block.length - TAIL && inode === 0 && block.readUInt32LE(at + 4) === TAIL_MARK) {
      checkBlock(context, directory, block);
    }
    if (inode !== 0) yield { inode, name: block.subarray(at + 8, at + 8 + nameLength) };
    at += length;
  }
}

/**
 * The entries of a directory, block after block. The blocks of a hash tree look like unused entries,
 * so indexed directories are read like any other.
 */
export function* rawEntries(context: MapContext, directory: Inode): Generator<RawEntry> {
  const { blockSize } = context.sb;
  const limit = Math.ceil(directory.size / blockSize);
  for (const run of runsOf(context, directory)) {
    if (run.logical < 0 || !run.written) continue;
    const count = Math.min(run.count, limit - run.logical);
    for (let i = 0; i < count; i += 1) {
      const block = Buffer.from(context.cache.view((run.physical + i) * blockSize, blockSize));
      yield* blockEntries(context, directory, block);
    }
  }
}

function isDots(name: Buffer): boolean {
  return name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e));
}

/** The names of a directory, checked: each once, each UTF-8, each leading to a possible inode. */
export function listDirectory(
  context: MapContext,
  directory: Inode,
  place: () => string,
): readonly DirEntry[] {
  const entries: DirEntry[] = [];
  const seen = new Set<string>();
  for (const { inode, name } of rawEntries(context, directory)) {
    if (isDots(name)) continue;
    if (name.length === 0 || inode > context.sb.inodes) {
      throw damaged(`directory ${place()} has a damaged entry`);
    }
    const text = decodeName(name, place);
    if (seen.has(text)) throw damaged(`directory ${place()} has the name ${text} twice`);
    seen.add(text);
    entries.push({ name: text, inode });
    if (entries.length > MAX_ENTRIES) {
      throw badName(`directory ${place()} has more than ${MAX_ENTRIES} names`);
    }
  }
  return entries;
}
