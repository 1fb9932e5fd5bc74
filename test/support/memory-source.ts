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
