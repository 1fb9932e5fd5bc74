import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { ByteSource } from '../../../images/source.ts';
import { isZero } from '../bits.ts';
import type { Ext4Volume } from '../reader.ts';
import { metadataBlocks } from './metadata-blocks.ts';

const CHUNK = 2 ** 20;
const PIECE = 4096;

/** One call may write less than it was given, as on a disk that is nearly full; the next one fails then. */
function writeAll(fd: number, bytes: Buffer, position: number): void {
  for (let at = 0; at < bytes.length;) {
    at += writeSync(fd, bytes, at, bytes.length - at, position + at);
  }
}

/** Writes what is not zero, in pieces of 4 KiB, so that the copy stays sparse. */
function writeSparse(fd: number, start: number, bytes: Buffer): void {
  let from = 0;
  for (let at = 0; at <= bytes.length; at += PIECE) {
    const piece = bytes.subarray(at, at + PIECE);
    if (piece.length > 0 && !isZero(piece)) continue;
    if (at > from) writeAll(fd, bytes.subarray(from, at), start + from);
    from = at + PIECE;
  }
  if (from < bytes.length) writeAll(fd, bytes.subarray(from), start + from);
}

/**
 * Copies the metadata of a file system into a sparse file of the size of its partition. debugfs and
 * e2fsck take it for the whole, without the base disk having to be one flat file.
 */
export function copyMetadata(source: ByteSource, volume: Ext4Volume, path: string): void {
  const fd = openSync(path, 'wx');
  try {
    ftruncateSync(fd, source.sizeBytes);
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (const { block, count } of metadataBlocks(volume)) {
      const end = (block + count) * volume.blockSize;
      for (let at = block * volume.blockSize; at < end; at += CHUNK) {
        const bytes = buffer.subarray(0, Math.min(CHUNK, end - at));
        source.readInto(at, bytes);
        writeSparse(fd, at, bytes);
      }
    }
  } finally {
    closeSync(fd);
  }
}
