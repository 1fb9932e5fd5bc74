import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { refused } from './failures.ts';

/** What our own code understands of a qcow2 header, all bounds checked. */
export interface Qcow2Header {
  readonly version: 2 | 3;
  readonly sizeBytes: number;
  readonly clusterBytes: number;
  readonly fileBytes: number;
  /** Where the table of tables lies. */
  readonly firstTable: { readonly start: number; readonly entries: number };
  /** Size of an entry of the second tables. */
  readonly entryBytes: 8 | 16;
  /** As written in the header: absolute, or relative to the folder of the overlay. */
  readonly backingFile?: string;
  readonly backingFormat?: string;
  readonly externalData: boolean;
}

/** Largest virtual disk we accept. */
export const MAX_DISK_BYTES = 4 * 2 ** 40;

const HEADER_LIMIT = 2 ** 16;
const END = 0;
const BACKING_FORMAT = 0xe2792aca;
const EXTERNAL_DATA = 0x44415441;
const ENCRYPTION = 0x0537be77;
const BITMAPS = 0x23852875;
const EXTERNAL_DATA_BIT = 4n;
/** Dirty refcounts, corrupt, external data, compression type, extended L2. */
const KNOWN_INCOMPATIBLE = 0b11111n;
const CORRUPT_BIT = 2n;
const EXTENDED_BIT = 16n;

interface Extension {
  readonly type: number;
  readonly data: Buffer;
}

/** The first bytes of a file and its length, read by our own code. */
export function firstBytes(path: string): { readonly head: Buffer; readonly fileBytes: number } {
  const fd = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEADER_LIMIT);
    const count = readSync(fd, head, 0, head.length, 0);
    return { head: head.subarray(0, count), fileBytes: fstatSync(fd).size };
  } finally {
    closeSync(fd);
  }
}

/** True if the bytes begin like a qcow image of any version. */
export function looksLikeQcow(head: Buffer): boolean {
  return head.length >= 4 && head.readUInt32BE(0) === 0x514649fb;
}

const HINT = 'Convert it on a machine you trust: qemu-img convert -O qcow2 IN OUT.';

class Header {
  private readonly head: Buffer;
  private readonly path: string;
  readonly fileBytes: number;

  constructor(path: string, head: Buffer, fileBytes: number) {
    this.path = path;
    this.head = head;
    this.fileBytes = fileBytes;
  }

  require(holds: boolean, why: string): void {
    if (!holds) throw refused(this.path, why, HINT);
  }

  u32(at: number): number {
    this.require(at + 4 <= this.head.length, 'the header is cut off');
    return this.head.readUInt32BE(at);
  }

  u64(at: number): bigint {
    this.require(at + 8 <= this.head.length, 'the header is cut off');
    return this.head.readBigUInt64BE(at);
  }

  slice(at: number, length: number): Buffer {
    this.require(at + length <= this.head.length, 'the header is cut off');
    return this.head.subarray(at, at + length);
  }
}

interface Geometry {
  readonly sizeBytes: number;
  readonly clusterBytes: number;
  readonly entryBytes: 8 | 16;
}

function checkPlaces(header: Header, { sizeBytes, clusterBytes, entryBytes }: Geometry): void {
  const inFile = (at: bigint, length: number, what: string) =>
    header.require(
      at % BigInt(clusterBytes) === 0n && at + BigInt(length) <= BigInt(header.fileBytes),
      `its ${what} does not lie in the file`,
    );
  const l1Entries = header.u32(36);
  const needed = Math.ceil(sizeBytes / ((clusterBytes / entryBytes) * clusterBytes));
  header.require(
    l1Entries >= needed && l1Entries <= 4 * 2 ** 20,
    `its first table has ${l1Entries} entries where ${needed} are needed`,
  );
  inFile(header.u64(40), l1Entries * 8, 'first table');
  const refcountClusters = header.u32(56);
  header.require(
    refcountClusters > 0 && refcountClusters * clusterBytes <= 8 * 2 ** 20,
    'its reference count table has an absurd size',
  );
  inFile(header.u64(48), refcountClusters * clusterBytes, 'reference count table');
  const snapshots = header.u32(60);
  header.require(snapshots === 0, `it holds ${snapshots} internal snapshots`);
}

function checkVersion3(header: Header): void {
  const incompatible = header.u64(72);
  header.require(
    (incompatible & ~KNOWN_INCOMPATIBLE) === 0n,
    `it needs unknown features (0x${incompatible.toString(16)})`,
  );
  header.require((incompatible & CORRUPT_BIT) === 0n, 'it is marked as corrupt');
  header.require(header.u32(96) <= 6, 'its reference counts have an absurd width');
  const length = header.u32(100);
  header.require(
    length >= 104 && length % 8 === 0 && length <= 4096,
    'its header length is absurd',
  );
}

function readExtensions(header: Header, start: number, end: number): readonly Extension[] {
  const found: Extension[] = [];
  let at = start;
  while (at + 8 <= end) {
    const type = header.u32(at);
    const length = header.u32(at + 4);
    if (type === END) break;
    header.require(at + 8 + length <= end, 'a header extension is too long');
    found.push({ type, data: header.slice(at + 8, length) });
    header.require(found.length <= 64, 'it has too many header extensions');
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return found;
}

function backingName(header: Header, clusterBytes: number): string | undefined {
  const at = Number(header.u64(8));
  const length = header.u32(16);
  if (at === 0) return undefined;
  header.require(length > 0 && length <= 1023, 'the name of its backing file is absurd');
  header.require(at + length <= clusterBytes, 'the name of its backing file lies outside');
  const name = header.slice(at, length).toString('utf8');
  header.require(!name.includes('\0'), 'the name of its backing file holds a zero byte');
  return name;
}

function virtualSize(header: Header): number {
  const size = header.u64(24);
  header.require(size > 0n && size % 512n === 0n, `its size of ${size} bytes is not whole sectors`);
  header.require(size <= BigInt(MAX_DISK_BYTES), `its size of ${size} bytes is over 4 TiB`);
  return Number(size);
}

/** Reads and checks a qcow2 header; says nothing about whether chains are wanted. */
export function parseQcow2(path: string, head: Buffer, fileBytes: number): Qcow2Header {
  const header = new Header(path, head, fileBytes);
  header.require(looksLikeQcow(head), 'it is declared qcow2 but does not begin like one');
  const version = header.u32(4);
  header.require(version === 2 || version === 3, `qcow version ${version} is not supported`);
  const clusterBits = header.u32(20);
  header.require(clusterBits >= 9 && clusterBits <= 21, `clusters of 2^${clusterBits} bytes`);
  header.require(header.u32(32) === 0, 'it is encrypted');
  const clusterBytes = 2 ** clusterBits;
  const sizeBytes = virtualSize(header);
  if (version === 3) checkVersion3(header);
  // Extended entries take 16 bytes, so a table covers half of what a plain one does.
  const entryBytes = (version === 3 ? header.u64(72) : 0n) & EXTENDED_BIT ? 16 : 8;
  checkPlaces(header, { sizeBytes, clusterBytes, entryBytes });
  const backingFile = backingName(header, clusterBytes);
  const end = Math.min(clusterBytes, head.length);
  const extensions = readExtensions(header, version === 3 ? header.u32(100) : 72, end);
  const has = (wanted: number) => extensions.some(({ type }) => type === wanted);
  header.require(!has(ENCRYPTION), 'it is encrypted');
  header.require(!has(BITMAPS), 'it holds bitmaps of a backup program');
  const format = extensions.find(({ type }) => type === BACKING_FORMAT)?.data.toString('latin1');
  const externalBit = version === 3 && (header.u64(72) & EXTERNAL_DATA_BIT) !== 0n;
  return {
    version: version === 3 ? 3 : 2,
    sizeBytes,
    clusterBytes,
    fileBytes,
    firstTable: { start: Number(header.u64(40)), entries: header.u32(36) },
    entryBytes,
    externalData: externalBit || has(EXTERNAL_DATA),
    ...(backingFile === undefined ? {} : { backingFile }),
    ...(format === undefined ? {} : { backingFormat: format }),
  };
}
