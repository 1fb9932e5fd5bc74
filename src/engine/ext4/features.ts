import { unclean, unsupported } from './failures.ts';

/** The feature words of a superblock. */
export interface FeatureWords {
  readonly compatible: number;
  readonly incompatible: number;
  readonly readOnly: number;
}

/** What the rest of the reader must know of the features. */
export interface Features {
  readonly fileTypes: boolean;
  readonly metaGroups: boolean;
  /** New files get extent trees, not block maps. */
  readonly extents: boolean;
  readonly wide: boolean;
  readonly checksumSeed: boolean;
  readonly groupChecksums: boolean;
  readonly metadataChecksums: boolean;
  readonly hugeFiles: boolean;
  readonly journal: boolean;
  readonly orphanFile: boolean;
}

const NEEDS_RECOVERY = 0x4;
const ORPHANS_PRESENT = 0x10000;

/** Bits that the reader understands, by their word. */
const READABLE_INCOMPATIBLE = 0x2 | NEEDS_RECOVERY | 0x10 | 0x40 | 0x80 | 0x200 | 0x2000 | 0x4000;

const INCOMPATIBLE_NAMES: ReadonlyMap<number, string> = new Map([
  [0x1, 'compression'],
  [0x8, 'a separate journal device'],
  [0x100, 'multiple mount protection (mmp)'],
  [0x400, 'ea_inode'],
  [0x1000, 'dirdata'],
  [0x8000, 'inline_data'],
  [0x10000, 'encrypt'],
  [0x20000, 'casefold'],
]);

/** Bits of the read-only word that make even reading different. */
const READ_ONLY_NAMES: ReadonlyMap<number, string> = new Map([
  [0x80, 'snapshots'],
  [0x200, 'bigalloc'],
]);

/** Bits of the read-only word under which the writer keeps every promise. */
const WRITABLE_READ_ONLY = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x400;

const WRITE_NAMES: ReadonlyMap<number, string> = new Map([
  [0x100, 'quota'],
  [0x1000, 'read-only'],
  [0x2000, 'project'],
  [0x4000, 'shared_blocks'],
  [0x8000, 'verity'],
]);

const MAKE_ANEW = 'Make the file system with the usual features of mke2fs -t ext4.';

function refuse(bits: number, names: ReadonlyMap<number, string>, doing: string): void {
  if (bits === 0) return;
  const lowest = bits & -bits;
  const name = names.get(lowest) ?? `unknown feature 0x${(lowest >>> 0).toString(16)}`;
  throw unsupported(`${doing} a file system with ${name}`, MAKE_ANEW);
}

function has(word: number, bit: number): boolean {
  return (word & bit) !== 0;
}

/** Refuses by name what is not understood and what was left in use. */
export function readFeatures(words: FeatureWords): Features {
  const { compatible, incompatible, readOnly } = words;
  refuse(incompatible & ~READABLE_INCOMPATIBLE, INCOMPATIBLE_NAMES, 'reading');
  for (const [bit, name] of READ_ONLY_NAMES) {
    refuse(readOnly & bit, new Map([[bit, name]]), 'reading');
  }
  if (has(incompatible, NEEDS_RECOVERY)) throw unclean('its journal was not played back');
  if (has(readOnly, ORPHANS_PRESENT)) throw unclean('deleted files were still open');
  return {
    fileTypes: has(incompatible, 0x2),
    metaGroups: has(incompatible, 0x10),
    extents: has(incompatible, 0x40),
    wide: has(incompatible, 0x80),
    checksumSeed: has(incompatible, 0x2000),
    groupChecksums: has(readOnly, 0x10) || has(readOnly, 0x400),
    metadataChecksums: has(readOnly, 0x400),
    hugeFiles: has(readOnly, 0x8),
    journal: has(compatible, 0x4),
    orphanFile: has(compatible, 0x1000),
  };
}

/** Refuses by name what would be read well but not kept right by writing. */
export function checkWritable(words: FeatureWords): void {
  refuse(words.readOnly & ~WRITABLE_READ_ONLY, WRITE_NAMES, 'writing to');
}
