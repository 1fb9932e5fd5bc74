import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { refused } from './failures.ts';
import { firstBytes, looksLikeQcow, MAX_DISK_BYTES, parseQcow2 } from './qcow2-header.ts';
import { checkTables } from './qcow2-tables.ts';
import type { DiskFile } from './source.ts';

/** What is known of an untrusted image before any program has touched it. */
export interface InspectedImage {
  readonly sizeBytes: number;
  /** Most bytes that it takes as a raw file that keeps its holes. */
  readonly rawBytes: number;
}

const ALONE = 'Flatten it on the machine that has all its files: qemu-img convert -O qcow2 IN OUT.';

interface Signature {
  readonly name: string;
  readonly matches: (head: Buffer, tail: Buffer) => boolean;
}

const startsWith = (text: string) => (head: Buffer) =>
  head.subarray(0, text.length).toString('latin1') === text;

/** Formats that carry their own header, so a raw disk never begins like this by accident. */
const FOREIGN: readonly Signature[] = [
  { name: 'qcow2', matches: looksLikeQcow },
  { name: 'vmdk', matches: startsWith('KDMV') },
  { name: 'vmdk', matches: startsWith('COWD') },
  { name: 'vmdk', matches: startsWith('# Disk DescriptorFile') },
  { name: 'vhdx', matches: startsWith('vhdxfile') },
  { name: 'vhd', matches: startsWith('conectix') },
  { name: 'vhd', matches: (_, tail) => startsWith('conectix')(tail) },
  { name: 'qed', matches: startsWith('QED\0') },
  {
    name: 'vdi',
    matches: (head) => head.length >= 68 && head.readUInt32LE(64) === 0xbeda107f,
  },
];

/** What a file takes on its disk, holes left out. */
function storedBytes(path: string): number {
  return statSync(path).blocks * 512;
}

function lastSector(path: string, fileBytes: number): Buffer {
  const sector = Buffer.alloc(512);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, sector, 0, 512, Math.max(0, fileBytes - 512));
  } finally {
    closeSync(fd);
  }
  return sector;
}

function inspectRaw(path: string): InspectedImage {
  const { head, fileBytes } = firstBytes(path);
  const tail = lastSector(path, fileBytes);
  const other = FOREIGN.find((signature) => signature.matches(head, tail));
  if (other !== undefined) {
    throw refused(
      path,
      `declared raw, looks like ${other.name}`,
      other.name === 'qcow2'
        ? 'Declare the format qcow2.'
        : `Convert it first: qemu-img convert -f ${other.name} -O qcow2 IN OUT.`,
    );
  }
  if (fileBytes === 0 || fileBytes % 512 !== 0 || fileBytes > MAX_DISK_BYTES) {
    const why = `${fileBytes} bytes are not a disk of whole sectors up to 4 TiB`;
    throw refused(path, why, 'Give a whole raw disk image.');
  }
  return { sizeBytes: fileBytes, rawBytes: storedBytes(path) };
}

/**
 * Looks at an image from outside with our own code only. A backing file or an external data file
 * would make QEMU read any file of this host, so both are refused.
 */
export function inspectImage(file: DiskFile): InspectedImage {
  if (file.format === 'raw') return inspectRaw(file.path);
  const { head, fileBytes } = firstBytes(file.path);
  const header = parseQcow2(file.path, head, fileBytes);
  if (header.backingFile !== undefined) {
    throw refused(file.path, 'it has a backing file', ALONE);
  }
  if (header.externalData) {
    throw refused(file.path, 'its data lies in another file', ALONE);
  }
  const { plainBytes, compressedBytes } = checkTables(file.path, header);
  // A file may have holes, and tables that lead there: such clusters are zeros.
  const rawBytes = Math.min(plainBytes, storedBytes(file.path)) + compressedBytes;
  return { sizeBytes: header.sizeBytes, rawBytes };
}
