import { crc32c } from './crc32c.ts';
import { damaged } from './failures.ts';
import type { Inode } from './inode.ts';
import type { MapContext, Run } from './map-context.ts';

const MAGIC = 0xf30a;
const MAX_DEPTH = 5;
const UNWRITTEN = 32768;

interface Node {
  readonly raw: Buffer;
  readonly depth: number;
  /** Logical blocks that this node may speak of. */
  readonly from: number;
  readonly to: number;
}

function entriesOf(inode: Inode, node: Node): number {
  const { raw, depth } = node;
  const entries = raw.readUInt16LE(2);
  const good =
    raw.readUInt16LE(0) === MAGIC &&
    entries <= raw.readUInt16LE(4) &&
    12 + entries * 12 <= raw.length &&
    raw.readUInt16LE(6) === depth;
  if (!good) throw damaged(`inode ${inode.number} has a damaged extent tree`);
  return entries;
}

function outOfOrder(inode: Inode): Error {
  return damaged(`inode ${inode.number} has extents out of order`);
}

function* leaf(inode: Inode, node: Node, entries: number): Generator<Run> {
  let next = node.from;
  for (let i = 0; i < entries; i += 1) {
    const at = 12 + i * 12;
    const logical = node.raw.readUInt32LE(at);
    const length = node.raw.readUInt16LE(at + 4);
    const count = length > UNWRITTEN ? length - UNWRITTEN : length;
    if (logical < next || count === 0 || logical + count > node.to) throw outOfOrder(inode);
    const physical = node.raw.readUInt16LE(at + 6) * 2 ** 32 + node.raw.readUInt32LE(at + 8);
    yield { logical, physical, count, written: length <= UNWRITTEN };
    next = logical + count;
  }
}

function checkBlock(context: MapContext, inode: Inode, raw: Buffer): void {
  if (!context.sb.features.metadataChecksums) return;
  const tail = 12 + raw.readUInt16LE(4) * 12;
  const head = Buffer.alloc(8);
  head.writeUInt32LE(inode.number, 0);
  head.writeUInt32LE(inode.generation, 4);
  const good =
    tail + 4 <= raw.length &&
    crc32c(crc32c(context.sb.checksumSeed, head), raw.subarray(0, tail)) === raw.readUInt32LE(tail);
  if (!good) throw damaged(`the checksum of an extent block of inode ${inode.number} is wrong`);
}

function* walk(context: MapContext, inode: Inode, node: Node): Generator<Run> {
  const entries = entriesOf(inode, node);
  if (node.depth === 0) {
    yield* leaf(inode, node, entries);
    return;
  }
  if (entries === 0) throw outOfOrder(inode);
  let before = node.from - 1;
  for (let i = 0; i < entries; i += 1) {
    const at = 12 + i * 12;
    const from = node.raw.readUInt32LE(at);
    const to = i + 1 < entries ? node.raw.readUInt32LE(at + 12) : node.to;
    // Strictly ascending keys let no child be used twice, so the walk is bounded by real blocks.
    if (from <= before || to <= from || to > node.to) throw outOfOrder(inode);
    before = from;
    const physical = node.raw.readUInt16LE(at + 8) * 2 ** 32 + node.raw.readUInt32LE(at + 4);
    yield { logical: -1, physical, count: 1, written: true };
    const raw = Buffer.from(
      context.cache.view(physical * context.sb.blockSize, context.sb.blockSize),
    );
    checkBlock(context, inode, raw);
    const child = { raw, depth: node.depth - 1, from, to };
    if (raw.readUInt16LE(2) === 0 || raw.readUInt32LE(12) < from) throw outOfOrder(inode);
    yield* walk(context, inode, child);
  }
}

/** The runs of an inode with an extent tree. */
export function* extentRuns(context: MapContext, inode: Inode): Generator<Run> {
  const depth = inode.map.readUInt16LE(6);
  if (depth > MAX_DEPTH) throw damaged(`inode ${inode.number} has a damaged extent tree`);
  yield* walk(context, inode, { raw: inode.map, depth, from: 0, to: 2 ** 32 });
}
