import { damagedDisk } from './failures.ts';
import type { ByteSource, Extent } from './source.ts';

function clip(extents: readonly Extent[], start: number, length: number): readonly Extent[] {
  const end = start + length;
  return extents
    .filter((extent) => extent.start < end && extent.start + extent.length > start)
    .map((extent) => {
      const from = Math.max(extent.start, start);
      const to = Math.min(extent.start + extent.length, end);
      return { start: from - start, length: to - from, data: extent.data, depth: extent.depth };
    });
}

/** A part of a disk as a source of its own, such as one partition. Closing it leaves the disk open. */
export function part(source: ByteSource, start: number, length: number): ByteSource {
  if (start < 0 || length < 0 || start + length > source.sizeBytes) {
    throw damagedDisk(`a part of ${length} bytes at ${start} goes beyond the disk`);
  }
  return {
    sizeBytes: length,
    extents: clip(source.extents, start, length),
    readInto: (at, target) => {
      if (at < 0 || at + target.length > length) {
        throw damagedDisk(`read of ${target.length} bytes at ${at} goes beyond the partition`);
      }
      source.readInto(start + at, target);
    },
    close: () => undefined,
  };
}
