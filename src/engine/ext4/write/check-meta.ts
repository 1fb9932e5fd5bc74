import { formatBytes } from '../../../core/quantity.ts';
import type { WantedMeta } from '../../volume.ts';
import type { Superblock } from '../superblock.ts';
import { notWritable } from './failures.ts';
import { checkText } from './words.ts';

const MAX_ID = 2 ** 32 - 2;
const ACLS = new Set(['system.posix_acl_access', 'system.posix_acl_default']);

function inRange(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}

/** First and last second that an inode of this size can hold. */
function secondsRange(sb: Superblock): readonly [number, number] {
  return [-(2 ** 31), sb.inodeSize > 128 ? 2 ** 34 - 2 ** 31 - 1 : 2 ** 31 - 1];
}

function checkXattrs(path: string, meta: WantedMeta, sb: Superblock): void {
  for (const [name, value] of meta.xattrs) {
    checkText(name, `an extended attribute of ${path}`);
    const known = ACLS.has(name) || /^(user|trusted|security)\../.test(name);
    if (!known) throw notWritable(`${path} has the extended attribute ${name}, of an unknown kind`);
    if (value.length > sb.blockSize - 64 || Buffer.byteLength(name) > 255) {
      throw notWritable(`the extended attribute ${name} of ${path} is too large for its disk`);
    }
  }
}

function checkSpecial(path: string, meta: WantedMeta, sb: Superblock): void {
  if (meta.type === 'socket') throw notWritable(`${path} is a socket`);
  if (meta.type === 'symlink') {
    const { target } = meta;
    if (target === undefined) throw notWritable(`the symbolic link ${path} has no target`);
    checkText(target, `the target of ${path}`);
    const bytes = Buffer.byteLength(target);
    if (bytes === 0 || bytes >= Math.min(sb.blockSize, 4096)) {
      throw notWritable(`the target of ${path} has ${bytes} bytes`);
    }
  }
  if (meta.type === 'char' || meta.type === 'block') {
    const { major = -1, minor = -1 } = meta.device ?? {};
    if (!inRange(major, 0, 4095) || !inRange(minor, 0, 2 ** 20 - 1)) {
      throw notWritable(`${path} is a device without a possible number`);
    }
  }
}

/** The largest file that the map of an inode can speak of. */
function largestFile({ blockSize, features }: Superblock): number {
  if (features.extents) return (2 ** 32 - 1) * blockSize;
  const perBlock = blockSize / 4;
  return (12 + perBlock + perBlock ** 2 + perBlock ** 3) * blockSize;
}

/** Refuses a file that is too long for the volume, however little of it is stored. */
export function checkSize(path: string, sizeBytes: number, sb: Superblock): void {
  const most = largestFile(sb);
  if (sizeBytes <= most) return;
  const [is, can] = [sizeBytes, most].map(formatBytes);
  throw notWritable(`${path} has ${is}, and the file system holds files of up to ${can}`);
}

/** Refuses metadata that the volume cannot hold, so that nothing is lost silently. */
export function checkMeta(path: string, meta: WantedMeta, sb: Superblock): void {
  const [first, last] = secondsRange(sb);
  const { mode, uid, gid, mtime } = meta;
  const good =
    inRange(mode, 0, 0o7777) &&
    inRange(uid, 0, MAX_ID) &&
    inRange(gid, 0, MAX_ID) &&
    inRange(mtime.seconds, first, last) &&
    inRange(mtime.nanoseconds, 0, 999_999_999);
  if (!good) throw notWritable(`${path} has a mode, owner or time that ext4 cannot hold`);
  checkXattrs(path, meta, sb);
  checkSpecial(path, meta, sb);
}
