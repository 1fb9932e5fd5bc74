import { denied } from '../../core/failure.ts';
import { part } from '../../images/part.ts';
import type { ByteSource, Partition } from '../../images/source.ts';
import { readPartitions } from '../../images/partitions.ts';
import { openExt4 } from '../ext4/reader.ts';
import { looksLikeExt4 } from '../ext4/superblock.ts';
import { EXCLUSIONS, excludedBy } from './exclusions.ts';
import { volumeDelta } from './volume-delta.ts';
import { writtenRanges } from './changed-blocks.ts';

/** Both disks, and how many files of the machine's chain are above the base. */
export interface DiskPair {
  readonly base: ByteSource;
  readonly machine: ByteSource;
  readonly depth: number | undefined;
}

function changedPath({ base, machine, depth }: DiskPair, partition: Partition): string | undefined {
  const { start, sizeBytes } = partition;
  const sources = { base: part(base, start, sizeBytes), machine: part(machine, start, sizeBytes) };
  if (!looksLikeExt4(sources.machine) || !looksLikeExt4(sources.base)) return undefined;
  const written =
    depth === undefined ? [{ start: 0, length: sizeBytes }] : writtenRanges(sources.machine, depth);
  if (written.length === 0) return undefined;
  const volumes = { base: openExt4(sources.base), machine: openExt4(sources.machine) };
  const rules = { excluded: excludedBy(EXCLUSIONS), madeByCompose: [] };
  return volumeDelta({ ...volumes, sources, written }, rules)[0]?.change.path;
}

/**
 * A layer holds changes of the root file system only. Changes to another one, such as a kernel on a
 * `/boot` of its own, would be lost without a word, so they are refused.
 */
export function refuseOtherChanges(disks: DiskPair, root: Partition): void {
  for (const partition of readPartitions(disks.base)) {
    if (partition.start === root.start) continue;
    const path = changedPath(disks, partition);
    if (path === undefined) continue;
    throw denied(
      'ChangedElsewhere',
      `${path} was changed on partition ${partition.index}, which is not the root file system`,
      'Install this as a new version of the OS layer, or undo the change on the machine.',
    );
  }
}
