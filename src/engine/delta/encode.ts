import type { NodeType, Range, WantedMeta } from '../volume.ts';
import type { DeltaChange } from './entry.ts';
import { unstorable } from './failure.ts';
import { archivePath } from './path.ts';
import { encodePax } from './pax.ts';
import { encodeRuns, SPARSE, SPARSE_FOLDER } from './sparse.ts';
import { BLOCK, encodeUstar, octalLimit, type Ustar } from './ustar.ts';

/** Type flags of POSIX tar. Sockets are never stored: they mean nothing once their process is gone. */
export const TYPE_FLAGS: Readonly<Record<Exclude<NodeType, 'socket'>, string>> = {
  file: '0',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** Key under which GNU tar, libarchive and Go keep an extended attribute. */
export const XATTR_KEY = 'SCHILY.xattr.';

interface Header extends Omit<Ustar, 'name' | 'linkName'> {
  readonly name: string;
  readonly linkName: string;
  readonly mtime: WantedMeta['mtime'];
  readonly xattrs: WantedMeta['xattrs'];
}

const PLAIN = {
  mode: 0o644,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  mtimeSeconds: 0,
  mtime: { seconds: 0, nanoseconds: 0 },
  xattrs: new Map<string, Uint8Array>(),
  linkName: '',
};

function headerOf(change: DeltaChange): Header {
  const name = archivePath(change);
  if (change.op === 'link') return { ...PLAIN, name, type: '1', linkName: change.to.slice(1) };
  if (change.op !== 'put') return { ...PLAIN, name, type: '0' };
  const { meta, path, sizeBytes } = change;
  if (meta.type === 'socket') throw unstorable(path, 'it is a socket');
  return {
    ...PLAIN,
    ...meta,
    name: meta.type === 'directory' ? `${name}/` : name,
    type: TYPE_FLAGS[meta.type],
    ...(meta.target === undefined ? {} : { linkName: meta.target }),
    mtimeSeconds: meta.mtime.seconds,
    sizeBytes: meta.type === 'file' ? sizeBytes : 0,
  };
}

/** Seconds and nanoseconds since the epoch as a decimal number, also before 1970. */
function decimalTime({ seconds, nanoseconds }: WantedMeta['mtime']): string {
  const total = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
  const size = total < 0n ? -total : total;
  const fraction = String(size % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const sign = total < 0n ? '-' : '';
  return `${sign}${size / 1_000_000_000n}${fraction === '' ? '' : '.'}${fraction}`;
}

/** GNU tar writes these two characters of an attribute name so, since `=` ends a key. */
function xattrKey(name: string): string {
  return `${XATTR_KEY}${name.replaceAll('%', '%25').replaceAll('=', '%3D')}`;
}

function fitsName(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text) && text.length <= 100;
}

/** What the fixed header cannot say, and only that. */
function extended(header: Header): Map<string, Uint8Array> {
  const { name, linkName, mtime, uid, gid, sizeBytes, xattrs } = header;
  const records = new Map<string, Uint8Array>();
  const add = (needed: boolean, key: string, value: string) => {
    if (needed) records.set(key, Buffer.from(value));
  };
  const { seconds, nanoseconds } = mtime;
  add(!fitsName(name), 'path', name);
  add(!fitsName(linkName), 'linkpath', linkName);
  add(nanoseconds > 0 || seconds < 0 || seconds > octalLimit(12), 'mtime', decimalTime(mtime));
  add(uid > octalLimit(8), 'uid', String(uid));
  add(gid > octalLimit(8), 'gid', String(gid));
  add(sizeBytes > octalLimit(12), 'size', String(sizeBytes));
  for (const [key, value] of xattrs) records.set(xattrKey(key), value);
  return records;
}

/** A name for readers that ignore extended headers. */
function shortName(text: string): Buffer {
  return Buffer.from(text.replaceAll(/[^\x20-\x7e]/gu, '_').slice(-100), 'latin1');
}

function within(value: number, width: number): number {
  return value < 0 || value > octalLimit(width) ? 0 : value;
}

function fixed(header: Header): Ustar {
  return {
    ...header,
    name: shortName(header.name),
    linkName: shortName(header.linkName),
    uid: within(header.uid, 8),
    gid: within(header.gid, 8),
    sizeBytes: within(header.sizeBytes, 12),
    mtimeSeconds: within(header.mtimeSeconds, 12),
  };
}

/** Zeros up to the next block. */
export function padding(sizeBytes: number): Buffer {
  return Buffer.alloc((BLOCK - (sizeBytes % BLOCK)) % BLOCK);
}

/** The headers of one change: an extended one where needed, then the plain one. */
export function encodeChange(change: DeltaChange): Buffer {
  const header = headerOf(change);
  return withRecords(header, extended(header));
}

/** The headers of a file with holes, and its runs. */
export function encodeSparse(change: DeltaChange, runs: readonly Range[]): Buffer {
  const header = headerOf(change);
  const head = encodeRuns(runs, header.sizeBytes);
  const sizeBytes = runs.reduce((sum, { length }) => sum + length, head.length);
  const short = shortName(header.name.replaceAll('/', '_').slice(-80)).toString('latin1');
  const name = `${SPARSE_FOLDER}${short}`;
  const records = extended({ ...header, name, sizeBytes });
  for (const [key, value] of [
    [SPARSE.major, '1'],
    [SPARSE.minor, '0'],
    [SPARSE.name, header.name],
    [SPARSE.size, String(header.sizeBytes)],
  ] as const) {
    records.set(key, Buffer.from(value));
  }
  return Buffer.concat([withRecords({ ...header, name, sizeBytes }, records), head]);
}

function withRecords(header: Header, records: ReadonlyMap<string, Uint8Array>): Buffer {
  const plain = encodeUstar(fixed(header));
  if (records.size === 0) return plain;
  const body = encodePax(records);
  const name = shortName(`PaxHeaders/${header.name.replaceAll('/', '_').slice(-80)}`);
  const first = encodeUstar({
    ...PLAIN,
    name,
    linkName: Buffer.alloc(0),
    type: 'x',
    sizeBytes: body.length,
  });
  return Buffer.concat([first, body, padding(body.length), plain]);
}
