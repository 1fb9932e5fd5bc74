const POLYNOMIAL = 0x82f63b78;

function makeTables(): readonly Uint32Array[] {
  const tables = Array.from({ length: 4 }, () => new Uint32Array(256));
  const [first = new Uint32Array(256)] = tables;
  for (let i = 0; i < 256; i += 1) {
    let value = i;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL : 0);
    first[i] = value;
  }
  for (let table = 1; table < 4; table += 1) {
    for (let i = 0; i < 256; i += 1) {
      const before = tables[table - 1]?.[i] ?? 0;
      const into = tables[table];
      if (into !== undefined) into[i] = (before >>> 8) ^ (first[before & 0xff] ?? 0);
    }
  }
  return tables;
}

const [T0, T1, T2, T3] = makeTables() as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];

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
