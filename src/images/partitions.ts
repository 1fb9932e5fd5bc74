import { readGpt } from './gpt.ts';
import { readMbr } from './mbr.ts';
import type { ByteSource } from './source.ts';

/** One partition of a disk. */
export interface Partition {
  /** As Linux counts: 1 for the first, logical ones of an MBR from 5. */
  readonly index: number;
  readonly start: number;
  readonly sizeBytes: number;
  /** The type as the table gives it: a lower-case GUID, or two hex digits. */
  readonly type: string;
}

const PROTECTIVE = 'ee';

/** The partitions of a disk; empty for a disk without a table. */
export function readPartitions(source: ByteSource): readonly Partition[] {
  const found = readMbr(source);
  return found.some(({ type }) => type === PROTECTIVE) ? readGpt(source) : found;
}
