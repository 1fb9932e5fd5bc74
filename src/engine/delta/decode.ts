import { entriesOf } from '../../core/json.ts';
import { LARGEST_FILE } from '../limits.ts';
import type { NodeType, WantedMeta } from '../volume.ts';
import { OPAQUE_NAME, WHITEOUT_PREFIX, type DeltaChange } from './entry.ts';
import { TYPE_FLAGS, XATTR_KEY } from './encode.ts';
import { badDelta } from './failure.ts';
import { childPath, flawOfPath, isMarkerName, nameOf, parentOf } from './path.ts';
import type { PaxRecords } from './pax.ts';
import { isSparse, SPARSE } from './sparse.ts';
import type { Ustar } from './ustar.ts';

const TYPES = new Map<string, NodeType>(entriesOf(TYPE_FLAGS).map(([type, flag]) => [flag, type]));
const MOST_LINK_BYTES = 4096;
const MOST_ID = 2 ** 32 - 2;

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw badDelta('a name is not UTF-8');
  }
}

function whole(records: PaxRecords, key: string, otherwise: number, limit: number): number {
  const bytes = records.get(key);
  if (bytes === undefined) return otherwise;
  const text = utf8(bytes);
  const value = Number(text);
  if (!/^[0-9]{1,16}$/.test(text) || value > limit) throw badDelta(`${key} is out of range`);
  return value;
}

function mtimeOf(header: Ustar, records: PaxRecords): WantedMeta['mtime'] {
  const bytes = records.get('mtime');
  if (bytes === undefined) return { seconds: header.mtimeSeconds, nanoseconds: 0 };
  const match = /^(-?)([0-9]{1,12})(?:\.([0-9]{1,9}))?$/.exec(utf8(bytes));
  if (match === null) throw badDelta('mtime is out of range');
  const [, sign, seconds = '0', fraction = ''] = match;
  const size = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
  const total = sign === '-' ? -size : size;
  const nanoseconds = ((total % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return {
    seconds: Number((total - nanoseconds) / 1_000_000_000n),
    nanoseconds: Number(nanoseconds),
  };
}

/** Shared, since nearly all entries have none. */
const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();

function xattrsOf(records: PaxRecords): ReadonlyMap<string, Uint8Array> {
  const found = [...records].filter(([key]) => key.startsWith(XATTR_KEY));
  if (found.length === 0) return NO_XATTRS;
  const named = found.map(([key, value]): [string, Uint8Array] => {
    const name = key.slice(XATTR_KEY.length).replaceAll('%3D', '=').replaceAll('%25', '%');
    if (name === '' || name.includes('\0')) throw badDelta('an extended attribute has no name');
    return [name, value];
  });
  return new Map(named.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function textOf(records: PaxRecords, key: string, field: Uint8Array): string {
  return utf8(records.get(key) ?? field);
}

function checkedPath(text: string, what: string): string {
  const path = `/${text}`;
  const flaw = flawOfPath(path);
  if (flaw !== undefined) throw badDelta(`${what} ${JSON.stringify(text.slice(0, 200))}: ${flaw}`);
  return path;
}

function pathOf(header: Ustar, records: PaxRecords, sparse: boolean): string {
  const text = textOf(records, sparse ? SPARSE.name : 'path', header.name);
  return checkedPath(header.type === '5' ? text.replace(/\/$/, '') : text, 'path');
}

function marker(path: string): DeltaChange {
  const parent = parentOf(path);
  const name = nameOf(path);
  if (name === OPAQUE_NAME) {
    if (parent === '/') throw badDelta('it hides the whole operating system');
    return { op: 'opaque', path: parent };
  }
  const hidden = childPath(parent, name.slice(WHITEOUT_PREFIX.length));
  if (flawOfPath(hidden) !== undefined || isMarkerName(nameOf(hidden))) {
    throw badDelta(`the removal ${JSON.stringify(path)} names nothing`);
  }
  return { op: 'whiteout', path: hidden };
}

function targetOf(path: string, header: Ustar, records: PaxRecords): string {
  const target = textOf(records, 'linkpath', header.linkName);
  if (target === '' || target.includes('\0') || Buffer.byteLength(target) > MOST_LINK_BYTES) {
    throw badDelta(`the symbolic link ${path} has no proper target`);
  }
  return target;
}

function metaOf(path: string, header: Ustar, records: PaxRecords): WantedMeta {
  const type = TYPES.get(header.type);
  if (type === undefined)
    throw badDelta(`${path} has the unknown type ${JSON.stringify(header.type)}`);
  if (header.mode > 0o7777) throw badDelta(`${path} has an impossible mode`);
  const device = type === 'char' || type === 'block' ? header.device : undefined;
  return {
    type,
    mode: header.mode,
    uid: whole(records, 'uid', header.uid, MOST_ID),
    gid: whole(records, 'gid', header.gid, MOST_ID),
    mtime: mtimeOf(header, records),
    xattrs: xattrsOf(records),
    ...(device === undefined ? {} : { device }),
    ...(type === 'symlink' ? { target: targetOf(path, header, records) } : {}),
  };
}

/** An archive entry without what follows it. */
export interface DecodedEntry {
  readonly change: DeltaChange;
  /** How many bytes follow. */
  readonly storedBytes: number;
  /** Whether they begin with the runs of a file with holes. */
  readonly sparse: boolean;
}

/** What one archive entry stands for. */
export function decodeEntry(header: Ustar, records: PaxRecords): DecodedEntry {
  const sparse = isSparse(records);
  const storedBytes = whole(records, 'size', header.sizeBytes, LARGEST_FILE);
  const sizeBytes = sparse ? whole(records, SPARSE.size, 0, LARGEST_FILE) : storedBytes;
  const change = decodeChange(header, records, { sparse, sizeBytes });
  if (sparse && change.op !== 'put') throw badDelta(`${change.path} has holes but is no file`);
  return { change, storedBytes, sparse };
}

interface Size {
  readonly sparse: boolean;
  readonly sizeBytes: number;
}

function decodeChange(
  header: Ustar,
  records: PaxRecords,
  { sparse, sizeBytes }: Size,
): DeltaChange {
  const path = pathOf(header, records, sparse);
  if ((sparse || sizeBytes > 0) && (header.type !== '0' || isMarkerName(nameOf(path)))) {
    throw badDelta(`${path} has content but is no file`);
  }
  if (parentOf(path).split('/').some(isMarkerName)) throw badDelta(`${path} lies inside a marker`);
  if (isMarkerName(nameOf(path))) {
    if (header.type !== '0') throw badDelta(`${path} is no marker`);
    return marker(path);
  }
  if (header.type === '1') {
    const to = checkedPath(textOf(records, 'linkpath', header.linkName), 'link target');
    return { op: 'link', path, to };
  }
  return { op: 'put', path, meta: metaOf(path, header, records), sizeBytes };
}
