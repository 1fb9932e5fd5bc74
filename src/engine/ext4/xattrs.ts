import { aclFromDisk } from './acl.ts';
import { damaged, unsupported } from './failures.ts';
import { extraSize, type Inode } from './inode.ts';
import type { MapContext } from './map-context.ts';
import { decodeName } from './names.ts';

const MAGIC = 0xea020000;
const BLOCK_HEADER = 32;
const ENTRY = 16;

const PREFIXES: ReadonlyMap<number, string> = new Map([
  [1, 'user.'],
  [2, 'system.posix_acl_access'],
  [3, 'system.posix_acl_default'],
  [4, 'trusted.'],
  [6, 'security.'],
  [7, 'system.'],
  [8, 'system.richacl'],
]);
/** These prefixes are whole names. */
const WHOLE = new Set([2, 3, 8]);
const ACLS = new Set([2, 3]);

interface Area {
  readonly bytes: Buffer;
  /** Where the entries begin. */
  readonly entries: number;
  /** What value offsets count from. */
  readonly values: number;
}

function nameOf(inode: number, index: number, bytes: Buffer): string {
  const prefix = PREFIXES.get(index);
  if (prefix === undefined || bytes.length > 0 === WHOLE.has(index)) {
    throw damaged(`inode ${inode} has an extended attribute of an unknown kind`);
  }
  return prefix + decodeName(bytes, () => `inode ${inode}, extended attribute`);
}

function* entriesOf(inode: number, area: Area): Generator<readonly [string, Buffer]> {
  const { bytes } = area;
  for (let at = area.entries; at + 4 <= bytes.length && bytes.readUInt32LE(at) !== 0;) {
    if (at + ENTRY > bytes.length) throw damaged(`extended attributes of inode ${inode}`);
    const nameLength = bytes.readUInt8(at);
    const index = bytes.readUInt8(at + 1);
    const start = area.values + bytes.readUInt16LE(at + 2);
    const size = bytes.readUInt32LE(at + 8);
    if (bytes.readUInt32LE(at + 4) !== 0) {
      throw unsupported('an extended attribute in an inode of its own', 'Remove the attribute.');
    }
    if (at + ENTRY + nameLength > bytes.length || (size > 0 && start + size > bytes.length)) {
      throw damaged(`the extended attributes of inode ${inode} are damaged`);
    }
    const name = nameOf(inode, index, bytes.subarray(at + ENTRY, at + ENTRY + nameLength));
    const value = Buffer.from(bytes.subarray(start, start + size));
    yield [name, ACLS.has(index) ? aclFromDisk(inode, value) : value];
    at += ENTRY + Math.ceil(nameLength / 4) * 4;
  }
}

function areasOf(context: MapContext, inode: Inode): readonly Area[] {
  const { sb, cache } = context;
  const areas: Area[] = [];
  const inside = 128 + extraSize(sb, inode.raw);
  if (inside + 4 <= sb.inodeSize && inode.raw.readUInt32LE(inside) === MAGIC) {
    areas.push({ bytes: inode.raw, entries: inside + 4, values: inside + 4 });
  }
  if (inode.xattrBlock !== 0) {
    if (inode.xattrBlock >= sb.blocks) {
      throw damaged(`the extended attributes of inode ${inode.number} lie outside`);
    }
    const bytes = cache.view(inode.xattrBlock * sb.blockSize, sb.blockSize);
    if (bytes.readUInt32LE(0) !== MAGIC || bytes.readUInt32LE(8) !== 1) {
      throw damaged(`the extended attributes of inode ${inode.number} are damaged`);
    }
    areas.push({ bytes, entries: BLOCK_HEADER, values: 0 });
  }
  return areas;
}

const NONE: ReadonlyMap<string, Uint8Array> = new Map();

/** The extended attributes of an inode by their full names, sorted. */
export function xattrsOf(context: MapContext, inode: Inode): ReadonlyMap<string, Uint8Array> {
  const areas = areasOf(context, inode);
  if (areas.length === 0) return NONE;
  const found = new Map<string, Uint8Array>();
  for (const area of areas) {
    for (const [name, value] of entriesOf(inode.number, area)) {
      if (found.has(name)) throw damaged(`inode ${inode.number} has the attribute ${name} twice`);
      found.set(name, value);
    }
  }
  return new Map([...found].sort(([left], [right]) => (left < right ? -1 : 1)));
}
