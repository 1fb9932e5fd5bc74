const POLYNOMIAL = 0x82f63b78;

/** What a byte does to the checksum. */
const T0 = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL : 0);
  return value;
});

/** What the same byte does when one more zero byte follows it. */
function followed(table: Uint32Array): Uint32Array {
  return table.map((value) => (value >>> 8) ^ T0[value & 0xff]!);
}

const T1 = followed(T0);
const T2 = followed(T1);
const T3 = followed(T2);

/** CRC-32C (Castagnoli) as ext4 uses it: the seed is the running value and nothing is inverted. */
export function crc32c(seed: number, bytes: Uint8Array): number {
  let crc = seed >>> 0;
  let at = 0;
  // Indexes are in range by construction; four bytes at a time halve the time of a metadata pass.
  for (const end = bytes.length - 3; at < end; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc = T3[crc & 0xff]! ^ T2[(crc >>> 8) & 0xff]! ^ T1[(crc >>> 16) & 0xff]! ^ T0[crc >>> 24]!;
  }
  for (; at < bytes.length; at += 1) crc = (crc >>> 8) ^ T0[(crc ^ bytes[at]!) & 0xff]!;
  return crc >>> 0;
}
