import type { ByteSource } from '../../src/images/source.ts';

/** A disk in memory, for tests that damage it. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: bytes.length,
    extents: [{ start: 0, length: bytes.length, data: true, depth: 0 }],
    readInto(start, target) {
      if (start < 0 || start + target.length > bytes.length) throw new RangeError('beyond the end');
      target.set(bytes.subarray(start, start + target.length));
    },
    close: () => undefined,
  };
}

/** A repeatable stream of numbers in [0, 1): mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
