import type { Range, VolumeReader } from '../volume.ts';
import { RangeSet, type Versions } from './changed-blocks.ts';
import { denied, type Failure } from '../../core/failure.ts';

/** The failure for a file system that contradicts itself. */
export function badVolume(message: string): Failure {
  return denied(
    'DamagedVolume',
    `the file system is damaged: ${message}`,
    'Check the file system on the packaging machine and shut down for finalize again.',
  );
}

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

/** More are not kept in memory; a set ends at four times as many. */
const MOST_KEPT = 2 ** 22;

/** Adds up what inodes claim: each block is of one of them, so a sum beyond the volume is damage and endless work. */
class Claims {
  private readonly volume: VolumeReader;
  private readonly mostBytes: number;
  private readonly changed: RangeSet;
  private bytes = 0;

  constructor(volume: VolumeReader, mostBytes: number, changed: RangeSet) {
    this.volume = volume;
    this.mostBytes = mostBytes;
    this.changed = changed;
  }

  /** True if a block of the inode changed. */
  anyTouched(inode: number): boolean {
    let touched = false;
    // A block of attributes may be shared by many inodes.
    this.bytes -= this.volume.blockSize;
    for (const range of this.volume.ranges(inode)) {
      this.bytes += range.length;
      if (this.bytes > this.mostBytes) throw badVolume('its files claim more than it has');
      touched ||= this.changed.touches(range);
    }
    return touched;
  }
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
  const claims = new Claims(volume, versions.machine.sizeBytes, changed);
  const inodes = new Set<number>();
  const directories = new Set<number>();
  for (const inode of volume.inodes()) {
    if (volume.meta(inode).type === 'directory') directories.add(inode);
    const record = volume.record(inode);
    const own = changed.touches(record) && differs(versions, record);
    if (claims.anyTouched(inode) || own) inodes.add(inode);
    if (inodes.size + directories.size > MOST_KEPT) {
      throw badVolume(`it has more than ${MOST_KEPT} directories and changed files`);
    }
  }
  return { inodes, directories };
}
