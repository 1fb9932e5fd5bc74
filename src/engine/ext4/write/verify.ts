import { closeSync, openSync, readSync } from 'node:fs';
import { cut, sameContent } from '../../content.ts';
import type { NodeMeta, Piece, WantedMeta } from '../../volume.ts';
import type { Ext4Volume } from '../reader.ts';
import { writeFailed } from './failures.ts';
import type { TouchedDirectory, WritePlan } from './plan.ts';
import type { StoredContent, WantedNode } from './wanted-node.ts';

function sameXattrs(left: WantedMeta['xattrs'], right: WantedMeta['xattrs']): boolean {
  if (left.size !== right.size) return false;
  return [...left].every(([name, value]) => {
    const other = right.get(name);
    return other !== undefined && Buffer.compare(value, other) === 0;
  });
}

/** The name of the first thing about an inode that is not as wanted. */
function difference(wanted: WantedMeta, seen: NodeMeta, nanoseconds: boolean): string | undefined {
  const special = wanted.type === 'char' || wanted.type === 'block';
  const checks: readonly (readonly [string, boolean])[] = [
    ['type', wanted.type === seen.type],
    ['mode', wanted.mode === seen.mode],
    ['uid', wanted.uid === seen.uid],
    ['gid', wanted.gid === seen.gid],
    ['seconds of mtime', wanted.mtime.seconds === seen.mtime.seconds],
    ['mtime', !nanoseconds || wanted.mtime.nanoseconds === seen.mtime.nanoseconds],
    ['target', wanted.type !== 'symlink' || wanted.target === seen.target],
    ['device', !special || wanted.device?.major === seen.device?.major],
    ['device', !special || wanted.device?.minor === seen.device?.minor],
    ['extended attributes', sameXattrs(wanted.xattrs, seen.xattrs)],
  ];
  return checks.find(([, good]) => !good)?.[0];
}

/** What lies in a file of this host, as far as it may be anything but zeros. */
function* piecesOf(fd: number, { data }: StoredContent): Generator<Piece> {
  for (const run of data) {
    yield* cut(run, (start, length) => {
      const bytes = Buffer.allocUnsafe(length);
      return bytes.subarray(0, readSync(fd, bytes, 0, length, start));
    });
  }
}

function holds(volume: Ext4Volume, inode: number, content: StoredContent): boolean {
  if (volume.meta(inode).sizeBytes !== content.sizeBytes) return false;
  const fd = openSync(content.path, 'r');
  try {
    return sameContent(volume.pieces(inode), piecesOf(fd, content));
  } finally {
    closeSync(fd);
  }
}

class Verifier {
  private readonly volume: Ext4Volume;
  private readonly plan: WritePlan;
  private readonly checked = new Map<WantedNode, number>();

  constructor(volume: Ext4Volume, plan: WritePlan) {
    this.volume = volume;
    this.plan = plan;
  }

  directory({ path, node }: TouchedDirectory): void {
    const inode = this.volume.lookup(path);
    if (inode === undefined) throw writeFailed(`${path} is missing after the write`);
    if (node.meta !== undefined) this.meta(path, node, inode);
    if (node.children === undefined) return;
    const seen = new Map(this.volume.list(inode).map((entry) => [entry.name, entry.inode]));
    for (const [name, child] of node.children) {
      const found = seen.get(name);
      const place = `${path === '/' ? '' : path}/${name}`;
      if (found === undefined) throw writeFailed(`${place} is missing after the write`);
      this.child(place, child, found);
    }
    if (seen.size !== node.children.size) {
      throw writeFailed(`${path} holds names that should not be there after the write`);
    }
  }

  private child(place: string, child: WantedNode, found: number): void {
    const known = child.inode ?? this.checked.get(child);
    if (known !== undefined) {
      if (known !== found) throw writeFailed(`${place} leads to another inode after the write`);
      return;
    }
    this.checked.set(child, found);
    if (child.type === 'directory') return;
    this.meta(place, child, found);
    if (this.volume.meta(found).links !== (this.plan.names.get(child) ?? 1)) {
      throw writeFailed(`${place} has a wrong link count after the write`);
    }
    if (child.content !== undefined && !holds(this.volume, found, child.content)) {
      throw writeFailed(`${place} has other content after the write`);
    }
  }

  private meta(place: string, node: WantedNode, inode: number): void {
    if (node.meta === undefined) return;
    const nanoseconds = this.volume.superblock.inodeSize > 128;
    const wrong = difference(node.meta, this.volume.meta(inode), nanoseconds);
    if (wrong !== undefined) throw writeFailed(`the ${wrong} of ${place} is wrong after the write`);
  }
}

/** Reads everything that was written again and compares it, byte by byte, with what was wanted. */
export function verifyWrite(volume: Ext4Volume, plan: WritePlan): void {
  const verifier = new Verifier(volume, plan);
  for (const directory of plan.directories) verifier.directory(directory);
}
