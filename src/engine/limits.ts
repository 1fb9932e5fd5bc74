/** The largest file that layers hold. One with holes can claim anything. */
export const LARGEST_FILE = 4 * 2 ** 40;

/** Runs of data of all files with holes in one layer: they are kept in memory. */
export const MOST_RUNS = 2 ** 18;

/** Names in a layer, and in all layers of an image: they are kept in memory, half a gibibyte of them. */
export const MOST_NAMES = 2 ** 19;

const HEADER_BYTES = 2 ** 26;
const HEADER_BYTES_EACH = 2 ** 8;

/** Bytes of names, attributes and times that so many entries of a layer may have beside their plain headers. */
export function mostHeaderBytes(entries: number): number {
  return HEADER_BYTES + HEADER_BYTES_EACH * entries;
}
