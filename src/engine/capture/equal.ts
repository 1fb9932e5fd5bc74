import { sameContent } from '../content.ts';
import type { NodeMeta, VolumeReader } from '../volume.ts';

function sameXattrs(left: NodeMeta['xattrs'], right: NodeMeta['xattrs']): boolean {
  if (left.size !== right.size) return false;
  return [...left].every(([name, value]) => {
    const other = right.get(name);
    return other !== undefined && Buffer.compare(value, other) === 0;
  });
}

function sameDevice(left: NodeMeta, right: NodeMeta): boolean {
  return left.device?.major === right.device?.major && left.device?.minor === right.device?.minor;
}

/** True if two inodes have the same metadata; sizes of directories and link counts do not matter. */
export function sameMeta(left: NodeMeta, right: NodeMeta): boolean {
  return (
    left.type === right.type &&
    left.mode === right.mode &&
    left.uid === right.uid &&
    left.gid === right.gid &&
    left.mtime.seconds === right.mtime.seconds &&
    left.mtime.nanoseconds === right.mtime.nanoseconds &&
    left.target === right.target &&
    (left.type !== 'file' || left.sizeBytes === right.sizeBytes) &&
    sameDevice(left, right) &&
    sameXattrs(left.xattrs, right.xattrs)
  );
}

/** One inode on each side. */
export interface InodePair {
  readonly base: number;
  readonly machine: number;
}

/** True if two inodes that are no directories are the same in everything that a layer keeps. */
export function sameNode(base: VolumeReader, machine: VolumeReader, pair: InodePair): boolean {
  const meta = machine.meta(pair.machine);
  if (!sameMeta(base.meta(pair.base), meta)) return false;
  return meta.type !== 'file' || sameContent(base.pieces(pair.base), machine.pieces(pair.machine));
}
