import { damaged } from './failures.ts';

const DISK_VERSION = 1;
const XATTR_VERSION = 2;
const NO_ID = 0xffffffff;
const TAG_USER = 2;
const TAG_GROUP = 8;

/**
 * A POSIX ACL in the form that getxattr gives and archives carry, from the shorter one on the disk,
 * which leaves out the id where the tag needs none.
 */
export function aclFromDisk(inode: number, disk: Buffer): Buffer {
  const bad = () => damaged(`the access list of inode ${inode} is damaged`);
  if (disk.length < 4 || disk.readUInt32LE(0) !== DISK_VERSION) throw bad();
  const entries: Buffer[] = [];
  for (let at = 4; at < disk.length;) {
    if (at + 4 > disk.length) throw bad();
    const tag = disk.readUInt16LE(at);
    const named = tag === TAG_USER || tag === TAG_GROUP;
    if (named && at + 8 > disk.length) throw bad();
    const entry = Buffer.alloc(8);
    disk.copy(entry, 0, at, at + 4);
    entry.writeUInt32LE(named ? disk.readUInt32LE(at + 4) : NO_ID, 4);
    entries.push(entry);
    at += named ? 8 : 4;
  }
  const version = Buffer.alloc(4);
  version.writeUInt32LE(XATTR_VERSION);
  return Buffer.concat([version, ...entries]);
}
