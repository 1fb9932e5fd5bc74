/** One partition of a disk. */
export interface Partition {
  /** As Linux counts: 1 for the first, logical ones of an MBR from 5. */
  readonly index: number;
  readonly start: number;
  readonly sizeBytes: number;
  /** The type as the table gives it: a lower-case GUID, or two hex digits. */
  readonly type: string;
}
