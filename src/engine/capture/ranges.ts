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
