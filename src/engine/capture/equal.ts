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

/** Compares two streams of bytes whose portions need not be alike. */
function sameBytes(left: Iterable<Uint8Array>, right: Iterable<Uint8Array>): boolean {
  const others = right[Symbol.iterator]();
  let other: Uint8Array = new Uint8Array(0);
  const more = (): boolean => {
    while (other.length === 0) {
      const next = others.next();
      if (next.done === true) return false;
      other = next.value;
    }
    return true;
  };
  for (let chunk of left) {
    while (chunk.length > 0) {
      if (!more()) return false;
      const count = Math.min(chunk.length, other.length);
      if (Buffer.compare(chunk.subarray(0, count), other.subarray(0, count)) !== 0) return false;
      chunk = chunk.subarray(count);
      other = other.subarray(count);
    }
  }
  return !more();
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
  return meta.type !== 'file' || sameBytes(base.content(pair.base), machine.content(pair.machine));
}
