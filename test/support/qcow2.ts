import { writeFileSync } from 'node:fs';

/** A qcow2 file that no program of QEMU would write. */
export interface HandMadeQcow2 {
  readonly sizeBytes: number;
  /** All tables of the second level are one. */
  readonly sharedTable?: boolean;
  /** Distinct clusters of data, which the entries name in turn. */
  readonly dataClusters?: number;
  /** Entries say that what they lead to is compressed; then there are no clusters of data. */
  readonly compressed?: boolean;
}

const CLUSTER = 2 ** 16;
const PER_TABLE = CLUSTER / 8;
/** Reference counts of 64 bits, so that any number of uses can be told. */
const COUNT_ORDER = 6;
const COPIED = 1n << 63n;
const COMPRESSED = 1n << 62n;

/**
 * Writes a qcow2 file after docs/interop/qcow2.txt of QEMU: every cluster of the disk leads to one of a
 * few clusters of the file, and all reference counts are right, so that `qemu-img check` has nothing to say.
 */
export function writeQcow2(path: string, wanted: HandMadeQcow2): void {
  const { sizeBytes, sharedTable = false, compressed = false } = wanted;
  const dataClusters = compressed ? 0 : (wanted.dataClusters ?? 1);
  const clusters = sizeBytes / CLUSTER;
  const tables = Math.ceil(clusters / PER_TABLE);
  const kept = sharedTable ? 1 : tables;
  const [countTable, counts, first] = [1, 2, 3];
  const second = first + Math.ceil((tables * 8) / CLUSTER);
  const data = second + kept;
  const file = Buffer.alloc((data + dataClusters) * CLUSTER);
  const uses = Array.from({ length: data + dataClusters }, (_, i): number => (i < second ? 1 : 0));
  const write = (cluster: number, index: number, value: bigint) =>
    file.writeBigUInt64BE(value, cluster * CLUSTER + index * 8);
  // An entry says whether what it leads to is used once only.
  const lead = (cluster: number, index: number, to: number) =>
    write(cluster, index, BigInt(to * CLUSTER) | (uses[to] === 1 ? COPIED : 0n));
  const leads: [cluster: number, index: number, to: number][] = [];
  for (let table = 0; table < tables; table += 1) {
    const at = second + (sharedTable ? 0 : table);
    leads.push([first, table, at]);
    const entries = Math.min(PER_TABLE, clusters - table * PER_TABLE);
    for (let i = 0; i < entries; i += 1) {
      if (compressed) write(at, i, COMPRESSED);
      else leads.push([at, i, data + (i % dataClusters)]);
    }
  }
  for (const [, , to] of leads) uses[to] = (uses[to] ?? 0) + 1;
  for (const one of leads) lead(...one);
  write(countTable, 0, BigInt(counts * CLUSTER));
  for (const [cluster, count] of uses.entries()) write(counts, cluster, BigInt(count));
  for (let i = data * CLUSTER; i < file.length; i += 1) file[i] = (i * 31 + (i >> 8)) & 0xff;
  writeHeader(file, { sizeBytes, tables, first, countTable });
  writeFileSync(path, file);
}

interface Places {
  readonly sizeBytes: number;
  readonly tables: number;
  readonly first: number;
  readonly countTable: number;
}

function writeHeader(file: Buffer, { sizeBytes, tables, first, countTable }: Places): void {
  file.write('QFI\xfb', 0, 'latin1');
  for (const [at, value] of [
    [4, 3],
    [20, 16],
    [36, tables],
    [56, 1],
    [96, COUNT_ORDER],
    [100, 104],
  ] as const) {
    file.writeUInt32BE(value, at);
  }
  for (const [at, value] of [
    [24, sizeBytes],
    [40, first * CLUSTER],
    [48, countTable * CLUSTER],
  ] as const) {
    file.writeBigUInt64BE(BigInt(value), at);
  }
}
