/** A run of bytes of a disk, as the store needs to know it. */
export interface DiskExtent {
  readonly start: number;
  readonly length: number;
  /** False for a run that reads as zeros. */
  readonly data: boolean;
  readonly depth: number;
}

/** The bytes of a disk. Every `ByteSource` of `src/images` is one. */
export interface DiskReader {
  readonly sizeBytes: number;
  /** Fills `target` from `start`; holes read as zeros. */
  readInto(start: number, target: Uint8Array): void;
  /** Ordered, adjacent, and covering the whole disk. */
  readonly extents: readonly DiskExtent[];
}

/** Told how many bytes are done, and of how many where that is known. */
export type Progress = (doneBytes: number, totalBytes: number | undefined) => void;
