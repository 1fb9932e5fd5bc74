import { Failure } from '../../core/failure.ts';
import { part } from '../../images/part.ts';
import type { Partition } from '../../images/partition.ts';
import { readPartitions } from '../../images/partitions.ts';
import type { ByteSource } from '../../images/source.ts';
import { openExt4, type Ext4Volume } from './reader.ts';
import { looksLikeExt4 } from './superblock.ts';

/** The file system that a Linux machine starts from. */
export interface LinuxRoot {
  /** Where it lies on the disk; index 0 for a disk without a partition table. */
  readonly partition: Partition;
  readonly volume: Ext4Volume;
}

const SIGNATURES: readonly (readonly [string, number, string])[] = [
  ['XFS', 0, 'XFSB'],
  ['NTFS', 3, 'NTFS    '],
  ['Btrfs', 65536 + 64, '_BHRfS_M'],
  ['LVM', 512 + 24, 'LVM2 001'],
  ['an encrypted volume', 0, 'LUKS\xba\xbe'],
  ['swap', 4086, 'SWAPSPACE2'],
  ['FAT', 82, 'FAT32'],
  ['FAT', 54, 'FAT1'],
];

function kindOf(source: ByteSource): string {
  const match = SIGNATURES.find(([, at, text]) => {
    if (at + text.length > source.sizeBytes) return false;
    const bytes = Buffer.alloc(text.length);
    source.readInto(at, bytes);
    return bytes.toString('latin1') === text;
  });
  return match?.[0] ?? 'something unknown';
}

function isRoot(volume: Ext4Volume): boolean {
  const has = (path: string) => volume.lookup(path) !== undefined;
  return has('/etc') && (has('/bin') || has('/usr'));
}

function notFound(kinds: readonly string[]): Failure {
  const ntfs = kinds.includes('NTFS');
  return new Failure({
    consequence: 'Impossible',
    code: ntfs ? 'NtfsNotSupported' : 'NoLinuxRoot',
    message: ntfs
      ? 'the disk holds a Windows file system (NTFS); NTFS layers are not supported yet'
      : `the disk holds no ext4 file system with /etc and /usr; found: ${kinds.join(', ') || 'nothing'}`,
    hint: 'Give a disk with a Linux system on a plain ext4 partition.',
  });
}

/** Finds the root of a Linux system on a disk: the ext4 file system with `/etc` and `/bin` or `/usr`. */
export function findLinuxRoot(disk: ByteSource): LinuxRoot {
  const listed = readPartitions(disk);
  const whole = { index: 0, start: 0, sizeBytes: disk.sizeBytes, type: '' };
  const kinds: string[] = [];
  for (const partition of listed.length === 0 ? [whole] : listed) {
    const source = part(disk, partition.start, partition.sizeBytes);
    if (!looksLikeExt4(source)) {
      kinds.push(kindOf(source));
      continue;
    }
    const volume = openExt4(source);
    if (isRoot(volume)) return { partition, volume };
    kinds.push('ext4 without /etc');
  }
  throw notFound(kinds);
}
