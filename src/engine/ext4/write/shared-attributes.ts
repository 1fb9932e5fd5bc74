import { crc32c } from '../crc32c.ts';
import type { Ext4Volume } from '../reader.ts';

/** Where the header of a block of attributes keeps how many inodes share it, and its checksum. */
const COUNT_AT = 4;
const CHECKSUM_AT = 16;
const HEADER_END = 20;

/**
 * The commands that count fewer inodes for a block of attributes; none if nobody is left who needs it. debugfs
 * has no command for the count, and one for bytes.
 */
export function countFewer(volume: Ext4Volume, block: number, gone: number): readonly string[] {
  const { features, checksumSeed } = volume.superblock;
  const before = volume.block(block);
  const left = before.readUInt32LE(COUNT_AT) - gone;
  if (left <= 0) return [];
  const after = Buffer.from(before);
  after.writeUInt32LE(left, COUNT_AT);
  if (features.metadataChecksums) {
    const place = Buffer.alloc(8);
    place.writeBigUInt64LE(BigInt(block));
    after.writeUInt32LE(0, CHECKSUM_AT);
    after.writeUInt32LE(crc32c(crc32c(checksumSeed, place), after), CHECKSUM_AT);
  }
  return [...after.subarray(0, HEADER_END).entries()]
    .filter(([at, byte]) => byte !== before[at])
    .map(([at, byte]) => `zap_block -o ${at} -l 1 -p ${byte} ${block}`);
}
