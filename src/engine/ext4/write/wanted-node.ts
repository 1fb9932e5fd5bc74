import type { NodeType, Range, WantedMeta } from '../../volume.ts';

/** The content of a new regular file, as a file of this host. */
export interface StoredContent {
  readonly path: string;
  readonly sizeBytes: number;
  /** What it takes here; less than its size if it has holes. */
  readonly storedBytes: number;
  /** Runs outside of which it is known to be zeros. */
  readonly data: readonly Range[];
}

/** A node of the tree as it shall be. Several names may lead to one node. */
export interface WantedNode {
  readonly type: NodeType;
  /** Inode on the volume; absent for a new node. */
  readonly inode?: number;
  /** Set for new nodes and for directories that get new metadata. */
  meta?: WantedMeta;
  readonly content?: StoredContent;
  /** Names of a directory; absent until somebody looks into it. */
  children?: Map<string, WantedNode>;
  /** The names that a directory of the volume had before. */
  before?: ReadonlyMap<string, WantedNode>;
}
