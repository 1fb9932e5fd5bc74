import type { ByteSource, Partition } from '../../images/source.ts';

const SECTOR = 512;
const MOST_PARTITIONS = 8;

const SIGNATURES: readonly (readonly [what: string, at: number, bytes: string])[] = [
  ['XFS', 0, 'XFSB'],
  ['NTFS', 3, 'NTFS    '],
  ['exFAT', 3, 'EXFAT   '],
  ['an encrypted volume (BitLocker)', 3, '-FVE-FS-'],
  ['Btrfs', 65536 + 64, '_BHRfS_M'],
  ['LVM', SECTOR + 24, 'LVM2 001'],
  ['an encrypted volume (LUKS)', 0, 'LUKS\xba\xbe'],
  ['F2FS', 1024, '\x10\x20\xf5\xf2'],
  ['a part of a RAID', 4096, '\xfc\x4e\x2b\xa9'],
  ['swap', 4086, 'SWAPSPACE2'],
  ['a file system of a CD', 32_769, 'CD001'],
  ['FAT', 82, 'FAT32'],
  ['FAT', 54, 'FAT1'],
];

const NOTHING = 'nothing: it begins with zeros';
const UNKNOWN = 'something unknown';

/** Types of partitions as tables give them, in words: two digits in an MBR, GUIDs in a GPT. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['07', 'Windows'],
  ['0b', 'FAT'],
  ['0c', 'FAT'],
  ['82', 'Linux swap'],
  ['83', 'Linux'],
  ['8e', 'Linux LVM'],
  ['ef', 'EFI'],
  ['fd', 'Linux RAID'],
  ['0fc63daf-8483-4772-8e79-3d69d8477de4', 'Linux'],
  ['4f68bce3-e8cd-4db1-96e7-fbcaf984b709', 'Linux root'],
  ['0657fd6d-a4ab-43c4-84e5-0933c84b4f4f', 'Linux swap'],
  ['e6d6d379-f507-44c2-a23c-238f2a3df928', 'Linux LVM'],
  ['c12a7328-f81f-11d2-ba4b-00a0c93ec93b', 'EFI'],
  ['21686148-6449-6e6f-744e-656564454649', 'BIOS boot'],
  ['ebd0a0a2-b9e5-4433-87c0-68b6b72699c7', 'Windows'],
  ['e3c9e316-0b5c-4db8-817d-f92df00215ae', 'Windows reserved'],
]);

function bytesAt(source: ByteSource, at: number, length: number): string {
  if (at + length > source.sizeBytes) return '';
  const bytes = Buffer.alloc(length);
  source.readInto(at, bytes);
  return bytes.toString('latin1');
}

function isEmpty(source: ByteSource, at: number): boolean {
  return /^\0+$/.test(bytesAt(source, at, SECTOR));
}

/** What a partition holds by its signature. */
export function kindOf(source: ByteSource): string {
  const match = SIGNATURES.find(([, at, text]) => bytesAt(source, at, text.length) === text);
  if (match !== undefined) return match[0];
  return [0, 1024, 4096].every((at) => isEmpty(source, at)) ? NOTHING : UNKNOWN;
}

/** What lies in the place of a partition table that lists nothing. */
function tableOf(disk: ByteSource, kind: string): string {
  const isKnown = kind !== NOTHING && kind !== UNKNOWN;
  if (isKnown) return `no partition table, but ${kind} on the whole disk`;
  const hasGpt = bytesAt(disk, SECTOR, 8) === 'EFI PART';
  if (isEmpty(disk, 0)) {
    return hasGpt
      ? 'no partition table: its first sector is empty, although a GPT follows'
      : 'no partition table: its first sector is empty';
  }
  if (bytesAt(disk, 450, 1) === '\xee') return 'a GPT without partitions';
  return bytesAt(disk, 510, 2) === '\x55\xaa' ? 'an MBR without partitions' : 'no partition table';
}

/** What was found on a disk instead of the root of a Linux system: its partitions, each with its kind. */
export function foundOn(
  disk: ByteSource,
  found: readonly { readonly partition: Partition; readonly kind: string }[],
): string {
  const [first] = found;
  if (first?.partition.index === 0) return tableOf(disk, first.kind);
  const shown = found.slice(0, MOST_PARTITIONS).map(({ partition: { index, type }, kind }) => {
    return `partition ${index} (${TYPES.get(type) ?? `type ${type}`}) with ${kind}`;
  });
  const more = found.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more partitions`] : [])].join(', ');
}
