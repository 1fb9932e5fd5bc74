import type { BlockCache } from './block-cache.ts';
import type { Superblock } from './superblock.ts';

/** A run of blocks of an inode. */
export interface Run {
  /** First block within the file; -1 for a block of the map itself. */
  readonly logical: number;
  readonly physical: number;
  readonly count: number;
  /** False for blocks that are reserved but read as zeros. */
  readonly written: boolean;
}

/** What walking a block map needs. */
export interface MapContext {
  readonly sb: Superblock;
  readonly cache: BlockCache;
}
