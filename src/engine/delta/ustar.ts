import { badDelta } from './failure.ts';

/** Size of a header and unit of all padding. */
export const BLOCK = 512;

/** `ustar`, NUL and version 00. */
const MAGIC = 'ustar\u000000';

/** The fixed part of a tar header. */
export interface Ustar {
  readonly name: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly type: string;
  readonly linkName: Uint8Array;
  readonly device?: { readonly major: number; readonly minor: number };
}

/** Largest number of an octal field of this many bytes, whose last one is NUL. */
export function octalLimit(width: number): number {
  return 8 ** (width - 1) - 1;
}

function putOctal(block: Buffer, start: number, width: number, value: number): void {
  block.write(value.toString(8).padStart(width - 1, '0'), start, 'latin1');
}

function checksum(block: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < BLOCK; i += 1) sum += i >= 148 && i < 156 ? 0x20 : (block[i] ?? 0);
  return sum;
}

/** A header block. Values that do not fit must have been moved to the extended header. */
export function encodeUstar(header: Ustar): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.set(header.name, 0);
  putOctal(block, 100, 8, header.mode);
  putOctal(block, 108, 8, header.uid);
  putOctal(block, 116, 8, header.gid);
  putOctal(block, 124, 12, header.sizeBytes);
  putOctal(block, 136, 12, header.mtimeSeconds);
  block.write(header.type, 156, 'latin1');
  block.set(header.linkName, 157);
  block.write(MAGIC, 257, 'latin1');
  if (header.device !== undefined) {
    putOctal(block, 329, 8, header.device.major);
    putOctal(block, 337, 8, header.device.minor);
  }
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function octal(block: Buffer, start: number, width: number): number {
  const text = block.toString('latin1', start, start + width);
  const match = /^ *([0-7]*)[ \0]*$/.exec(text);
  if (match === null) throw badDelta('a header has a number that is not octal');
  return Number.parseInt(match[1] || '0', 8);
}

function untilNul(block: Buffer, start: number, width: number): Buffer {
  const field = block.subarray(start, start + width);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end));
}

/** Reads a header block; anything but POSIX ustar with a right checksum is refused. */
export function decodeUstar(bytes: Uint8Array): Ustar {
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, BLOCK);
  if (block.toString('latin1', 257, 265) !== MAGIC) throw badDelta('not a POSIX tar');
  if (octal(block, 148, 8) !== checksum(block)) throw badDelta('a header checksum is wrong');
  if (block[345] !== 0) throw badDelta('a header uses a name prefix');
  return {
    name: untilNul(block, 0, 100),
    mode: octal(block, 100, 8),
    uid: octal(block, 108, 8),
    gid: octal(block, 116, 8),
    sizeBytes: octal(block, 124, 12),
    mtimeSeconds: octal(block, 136, 12),
    type: block.toString('latin1', 156, 157),
    linkName: untilNul(block, 157, 100),
    device: { major: octal(block, 329, 8), minor: octal(block, 337, 8) },
  };
}
