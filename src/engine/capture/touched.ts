import type { Range, VolumeReader } from '../volume.ts';
import type { Versions } from './changed-blocks.ts';
import { RangeSet } from './ranges.ts';

/** What one pass over the inodes of the machine's volume finds. */
export interface Touched {
  /** Inodes whose record or whose data differs from the base; a few may turn out to be equal. */
  readonly inodes: ReadonlySet<number>;
  readonly directories: ReadonlySet<number>;
}

function differs({ base, machine }: Versions, { start, length }: Range): boolean {
  if (start + length > base.sizeBytes) return true;
  const [before, after] = [Buffer.alloc(length), Buffer.alloc(length)];
  base.readInto(start, before);
  machine.readInto(start, after);
  return !before.equals(after);
}

function anyTouched(ranges: Iterable<Range>, changed: RangeSet): boolean {
  for (const range of ranges) if (changed.touches(range)) return true;
  return false;
}

/**
 * Maps changed blocks to the inodes that they belong to. Looking at the machine's side is enough: an
 * inode with the same record has the same block list, and a name that is gone changed its directory.
 */
export function touchedInodes(
  volume: VolumeReader,
  versions: Versions,
  blocks: readonly Range[],
): Touched {
  const changed = new RangeSet(blocks);
  const inodes = new Set<number>();
  const directories = new Set<number>();
  for (const inode of volume.inodes()) {
    if (volume.meta(inode).type === 'directory') directories.add(inode);
    const record = volume.record(inode);
    const own = changed.touches(record) && differs(versions, record);
    if (own || anyTouched(volume.ranges(inode), changed)) inodes.add(inode);
  }
  return { inodes, directories };
}
