import { readGpt } from './gpt.ts';
import { readMbr } from './mbr.ts';
import type { Partition } from './partition.ts';
import type { ByteSource } from './source.ts';

const PROTECTIVE = 'ee';

/** The partitions of a disk; empty for a disk without a table. */
export function readPartitions(source: ByteSource): readonly Partition[] {
  const found = readMbr(source);
  return found.some(({ type }) => type === PROTECTIVE) ? readGpt(source) : found;
}
