import { Failure } from '../../core/failure.ts';
import { part } from '../../images/part.ts';
import type { ByteSource, Partition } from '../../images/source.ts';
import { readPartitions } from '../../images/partitions.ts';
import { foundOn, kindOf } from './found.ts';
import { openExt4, type Ext4Volume } from './reader.ts';
import { looksLikeExt4 } from './superblock.ts';

/** The file system that a Linux machine starts from. */
export interface LinuxRoot {
  /** Where it lies on the disk; index 0 for a disk without a partition table. */
  readonly partition: Partition;
  readonly volume: Ext4Volume;
}

function isRoot(volume: Ext4Volume): boolean {
  const has = (path: string) => volume.lookup(path) !== undefined;
  return has('/etc') && (has('/bin') || has('/usr'));
}

function notFound(kinds: readonly string[], found: string): Failure {
  const ntfs = kinds.includes('NTFS');
  return new Failure({
    consequence: 'Impossible',
    code: ntfs ? 'NtfsNotSupported' : 'NoLinuxRoot',
    message: ntfs
      ? `the disk holds a Windows file system (NTFS); NTFS layers are not supported yet; found: ${found}`
      : `the disk holds no ext4 file system with /etc and /usr; found: ${found}`,
    hint: 'Give a disk with a Linux system on a plain ext4 partition.',
  });
}

/** Finds the root of a Linux system on a disk: the ext4 file system with `/etc` and `/bin` or `/usr`. */
export function findLinuxRoot(disk: ByteSource): LinuxRoot {
  const listed = readPartitions(disk);
  const whole = { index: 0, start: 0, sizeBytes: disk.sizeBytes, type: '' };
  const found: { readonly partition: Partition; readonly kind: string }[] = [];
  for (const partition of listed.length === 0 ? [whole] : listed) {
    const source = part(disk, partition.start, partition.sizeBytes);
    if (!looksLikeExt4(source)) {
      found.push({ partition, kind: kindOf(source) });
      continue;
    }
    const volume = openExt4(source);
    if (isRoot(volume)) return { partition, volume };
    found.push({ partition, kind: 'ext4 without /etc' });
  }
  const kinds = found.map(({ kind }) => kind);
  throw notFound(kinds, foundOn(disk, found));
}
