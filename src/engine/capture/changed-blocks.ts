import type { ByteSource } from '../../images/source.ts';
import type { Range } from '../volume.ts';

/** Runs of bytes, ascending and apart, made to be asked very often. */
export class RangeSet {
  private readonly starts: readonly number[];
  private readonly ends: readonly number[];

  /** Takes ascending ranges that do not overlap. */
  constructor(ranges: readonly Range[]) {
    this.starts = ranges.map(({ start }) => start);
    this.ends = ranges.map(({ start, length }) => start + length);
  }

  /** True if any byte of the range is in the set. */
  touches(range: Range): boolean {
    let low = 0;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ends[middle] ?? 0) <= range.start) low = middle + 1;
      else high = middle;
    }
    const start = this.starts[low];
    return start !== undefined && start < range.start + range.length;
  }
}

const BLOCK = 4096;
const WINDOW = 256 * BLOCK;

/** Two states of one partition. */
export interface Versions {
  readonly base: ByteSource;
  readonly machine: ByteSource;
}

/** The runs that the topmost `depth` files of the machine's disk hold, as data or as zeros. */
export function writtenRanges(machine: ByteSource, depth: number): readonly Range[] {
  return machine.extents.filter((extent) => extent.depth < depth);
}

function* windows(range: Range, end: number): Generator<Range> {
  const stop = Math.min(range.start + range.length, end);
  const first = Math.floor(range.start / BLOCK) * BLOCK;
  for (let start = first; start < stop; start += WINDOW) {
    yield {
      start,
      length: Math.min(WINDOW, end - start, Math.ceil((stop - start) / BLOCK) * BLOCK),
    };
  }
}

class Merged {
  readonly ranges: { start: number; length: number }[] = [];

  add(start: number, length: number): void {
    const last = this.ranges.at(-1);
    if (last !== undefined && last.start + last.length >= start) {
      last.length = Math.max(last.length, start + length - last.start);
    } else {
      this.ranges.push({ start, length });
    }
  }
}

/**
 * The 4 KiB blocks that differ, inside the given ascending runs. An overlay is written in clusters:
 * without this compare, most of what looks changed is only a neighbour of a change.
 */
export function changedBlocks(
  { base, machine }: Versions,
  written: readonly Range[],
): readonly Range[] {
  const merged = new Merged();
  const end = Math.min(base.sizeBytes, machine.sizeBytes);
  const [before, after] = [Buffer.alloc(WINDOW), Buffer.alloc(WINDOW)];
  const stored = [base, machine].map(
    ({ extents }) => new RangeSet(extents.filter(({ data }) => data)),
  );
  for (const range of written) {
    for (const window of windows(range, end)) {
      if (!stored.some((one) => one.touches(window))) continue;
      const { start, length } = window;
      base.readInto(start, before.subarray(0, length));
      machine.readInto(start, after.subarray(0, length));
      for (let at = 0; at < length; at += BLOCK) {
        const stop = Math.min(at + BLOCK, length);
        if (before.compare(after, at, stop, at, stop) !== 0) merged.add(start + at, stop - at);
      }
    }
  }
  // A machine's partition may have grown; what lies beyond the old end is all new.
  if (machine.sizeBytes > end) merged.add(end, machine.sizeBytes - end);
  return merged.ranges;
}
