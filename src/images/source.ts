/** A run of bytes of a disk. Extents of one source are ordered, adjacent and cover all of it. */
export interface Extent {
  readonly start: number;
  readonly length: number;
  /** False for a run that reads as zeros and is stored nowhere. */
  readonly data: boolean;
  /** 0 is the topmost file of the chain, its backing file is 1, and so on. */
  readonly depth: number;
}

/**
 * Random access to the bytes of a disk or of a part of one. Reads are synchronous: sources live in
 * job processes, which have nothing else to do, and a metadata pass makes millions of small reads.
 */
export interface ByteSource {
  readonly sizeBytes: number;
  /** Fills `target` from `start`; holes read as zeros. Throws beyond the end. */
  readInto(start: number, target: Uint8Array): void;
  readonly extents: readonly Extent[];
  close(): void;
}

/** Disk formats that QEMU reads and that we accept. */
export type DiskFormat = 'raw' | 'qcow2';

/** A disk file; the format is always given, never probed. */
export interface DiskFile {
  readonly path: string;
  readonly format: DiskFormat;
}

/** One partition of a disk. */
export interface Partition {
  /** As Linux counts: 1 for the first, logical ones of an MBR from 5. */
  readonly index: number;
  readonly start: number;
  readonly sizeBytes: number;
  /** The type as the table gives it: a lower-case GUID, or two hex digits. */
  readonly type: string;
}
