import type { Run } from '../host/run.ts';
import { mapDisk } from './qemu-img.ts';
import type { DiskFile } from './source.ts';

/** A run of bytes of a disk. */
export interface ByteRange {
  readonly start: number;
  readonly length: number;
}

/**
 * What the topmost `untilDepth` files of a chain hold, merged and ascending: data and, since a guest
 * may discard, zeroed ranges as well.
 */
export async function changedExtents(
  run: Run,
  file: DiskFile,
  untilDepth: number,
): Promise<readonly ByteRange[]> {
  const merged: { start: number; length: number }[] = [];
  for (const entry of await mapDisk(run, file)) {
    if (!entry.present || entry.depth >= untilDepth || !(entry.data || entry.zero)) continue;
    const last = merged.at(-1);
    if (last !== undefined && last.start + last.length === entry.start) {
      last.length += entry.length;
    } else {
      merged.push({ start: entry.start, length: entry.length });
    }
  }
  return merged;
}
