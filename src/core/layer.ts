import type { Digest } from './digest.ts';
import type { Evidence } from './evidence.ts';
import type { LayerRole } from './identity.ts';

/** A layer version in the store. */
export interface LayerPointer {
  readonly repository: string;
  readonly tag: string;
  readonly manifest: Digest;
}

/** What is written about a layer version besides its bytes. */
export interface LayerIdentity {
  readonly role: LayerRole;
  readonly name: string;
  readonly version: string;
  readonly repository: string;
  readonly tag: string;
  /** Digest of the frozen inputs: the key under which the version is found again. */
  readonly inputs: Digest;
  /** RFC 3339; given by the caller so that a rerun writes the same bytes. */
  readonly created: string;
}

/** A layer version as it lies in the store now. */
export interface StoredLayer extends LayerPointer {
  /** contentDigest of the disk, or diffID of the delta. */
  readonly content: Digest;
  readonly sizeBytes: number;
}

/** What controllers ask of the store; bytes move only in jobs. */
export interface LayerIndex {
  /** Made once with the store, part of every external key. */
  readonly installId: string;
  readonly evidence: Evidence;
  find(repository: string, tag: string): Promise<StoredLayer | undefined>;
  listTags(repository: string): Promise<readonly string[]>;
}
