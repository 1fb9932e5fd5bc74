import { closeSync, openSync, readSync } from 'node:fs';
import { formatBytes } from '../core/quantity.ts';
import { refused } from './failures.ts';
import type { Qcow2Header } from './qcow2-header.ts';

/** What the tables of an image promise. */
export interface Qcow2Use {
  /** Sum of the clusters that lie in the file as they are, each counted once. */
  readonly plainBytes: number;
  /** What the compressed clusters become. */
  readonly compressedBytes: number;
}

/** More clusters than this are not kept count of: 4 TiB of the usual 64 KiB. `qemu-img check` takes 8 bytes for each. */
const MOST_CLUSTERS = 2 ** 26;
/** Real disks compress to a third or so; a gibibyte is free for one that is nearly empty. */
const MOST_EXPANSION = 64;
const FREE_EXPANSION = 2 ** 30;

const COMPRESSED = 0x4000_0000;
const OFFSET_HIGH = 0x00ff_ffff;
const OFFSET_LOW = 0xffff_fe00;

const HINT = 'Make the file again on a machine you trust: qemu-img convert -O qcow2 IN OUT.';

class Tables {
  readonly use = { plainBytes: 0, compressedBytes: 0 };
  private readonly path: string;
  private readonly header: Qcow2Header;
  private readonly file: number;
  private readonly used: Uint8Array;

  constructor(path: string, header: Qcow2Header, file: number) {
    this.path = path;
    this.header = header;
    this.file = file;
    const { fileBytes, clusterBytes } = header;
    const clusters = Math.ceil(fileBytes / clusterBytes);
    if (clusters > MOST_CLUSTERS) {
      throw this.refusal(
        `its ${clusters} clusters of ${formatBytes(clusterBytes)} are more than ${MOST_CLUSTERS}`,
      );
    }
    this.used = new Uint8Array(Math.ceil(clusters / 8));
  }

  walk(): void {
    const { firstTable, sizeBytes, clusterBytes, entryBytes } = this.header;
    const entries = this.read(firstTable.start, firstTable.entries * 8);
    const needed = Math.ceil(sizeBytes / ((clusterBytes / entryBytes) * clusterBytes));
    for (let index = 0; index < firstTable.entries; index += 1) {
      const start = offsetAt(entries, index * 8);
      if (start === 0) continue;
      if (index >= needed) throw this.refusal('its first table goes beyond its size');
      this.take(start);
      this.second(start);
    }
    const most = FREE_EXPANSION + MOST_EXPANSION * this.header.fileBytes;
    if (this.use.compressedBytes > most) {
      const [from, to] = [this.header.fileBytes, this.use.compressedBytes].map(formatBytes);
      throw this.refusal(`its ${from} would become ${to}, which no real disk does`);
    }
  }

  private second(start: number): void {
    const { clusterBytes, entryBytes } = this.header;
    const table = this.read(start, clusterBytes);
    for (let at = 0; at < clusterBytes; at += entryBytes) {
      if ((table.readUInt32BE(at) & COMPRESSED) !== 0) {
        this.use.compressedBytes += clusterBytes;
        continue;
      }
      const data = offsetAt(table, at);
      if (data === 0) continue;
      this.take(data);
      this.use.plainBytes += clusterBytes;
    }
  }

  /** Without snapshots nothing in a file is used twice; with it, a small file is a disk of any size. */
  private take(start: number): void {
    const { fileBytes, clusterBytes } = this.header;
    if (start % clusterBytes !== 0 || start >= fileBytes) {
      throw this.refusal(`a table leads to ${start}, where no cluster of the file begins`);
    }
    const cluster = start / clusterBytes;
    const bit = 1 << (cluster & 7);
    const byte = this.used[cluster >>> 3] ?? 0;
    if ((byte & bit) !== 0) throw this.refusal(`its cluster ${cluster} is used twice`);
    this.used[cluster >>> 3] = byte | bit;
  }

  /** The last table may be cut off by the end of the file; what is missing reads as zeros. */
  private read(start: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length;) {
      const count = readSync(this.file, bytes, done, length - done, start + done);
      if (count === 0) break;
      done += count;
    }
    return bytes;
  }

  private refusal(why: string): Error {
    return refused(this.path, why, HINT);
  }
}

function offsetAt(table: Buffer, at: number): number {
  const high = table.readUInt32BE(at) & OFFSET_HIGH;
  return high * 2 ** 32 + ((table.readUInt32BE(at + 4) & OFFSET_LOW) >>> 0);
}

/**
 * Walks the tables of an image from outside before any program does: what they lead to lies in the file, and
 * is used once. So the work and the room that the image takes are bounded by the file that was given.
 */
export function checkTables(path: string, header: Qcow2Header): Qcow2Use {
  const file = openSync(path, 'r');
  try {
    const tables = new Tables(path, header, file);
    tables.walk();
    return tables.use;
  } finally {
    closeSync(file);
  }
}
