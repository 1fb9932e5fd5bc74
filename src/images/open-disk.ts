import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Failure, transient } from '../core/failure.ts';
import type { Run } from '../host/run.ts';
import { readChain } from './chain.ts';
import { damagedDisk } from './failures.ts';
import { mapDisk, type MapEntry } from './qemu-img.ts';
import type { ByteSource, DiskFile, Extent } from './source.ts';

/** A disk that is open for reading, with the files it is made of, the topmost first. */
export type OpenDisk = ByteSource & { readonly chain: readonly DiskFile[] };

/** What opening a disk needs. */
export interface OpenDiskOptions {
  readonly run: Run;
  /** With this, every file of the chain must lie below one of these folders. */
  readonly roots?: readonly string[];
}

interface Piece extends Extent {
  /** Where the bytes lie in the file of this depth; -1 for zeros. */
  readonly offset: number;
}

function compressed(path: string): Failure {
  return new Failure({
    consequence: 'Impossible',
    code: 'CompressedDisk',
    message: `disk ${path} has compressed clusters, which are not read in place`,
    hint: 'Convert it first: qemu-img convert -O qcow2 IN OUT.',
  });
}

function beyondEnd(path: string | undefined): Failure {
  return damagedDisk(`a table of ${path} leads beyond its end`);
}

function pieceOf(entry: MapEntry, bottom: number, chain: readonly DiskFile[]): Piece {
  const { start, length, data, present, offset } = entry;
  // What no file of the chain holds counts as the bottom's, so that it is nobody's change.
  const depth = present ? entry.depth : bottom;
  const file = chain[depth];
  if (file === undefined) throw damagedDisk(`the map of a disk names file ${depth} of its chain`);
  if (!data) return { start, length, data, depth, offset: -1 };
  if (offset === undefined) throw compressed(file.path);
  // A position that no call can take, nor any file have.
  if (!Number.isSafeInteger(offset + length)) throw beyondEnd(file.path);
  return { start, length, data, depth, offset };
}

function piecesOf(
  entries: readonly MapEntry[],
  chain: readonly DiskFile[],
  sizeBytes: number,
): readonly Piece[] {
  const pieces = entries.map((entry) => pieceOf(entry, chain.length - 1, chain));
  let end = 0;
  for (const piece of pieces) {
    if (piece.start !== end || piece.length <= 0) throw damagedDisk('the map of a disk has gaps');
    end += piece.length;
  }
  if (end !== sizeBytes) {
    throw damagedDisk(`the map of a disk ends at ${end}, its header says ${sizeBytes} bytes`);
  }
  return pieces;
}

class ChainSource implements ByteSource {
  readonly sizeBytes: number;
  readonly extents: readonly Piece[];
  readonly chain: readonly DiskFile[];
  private readonly files: readonly number[];
  private readonly sizes: readonly number[];
  private last = 0;

  constructor(chain: readonly DiskFile[], pieces: readonly Piece[], sizeBytes: number) {
    this.chain = chain;
    this.extents = pieces;
    this.sizeBytes = sizeBytes;
    const files: number[] = [];
    try {
      for (const { path } of chain) files.push(openSync(path, 'r'));
    } catch (error) {
      files.forEach((fd) => closeSync(fd));
      throw error;
    }
    this.files = files;
    this.sizes = files.map((fd) => fstatSync(fd).size);
  }

  close(): void {
    this.files.forEach((fd) => closeSync(fd));
  }

  readInto(start: number, target: Uint8Array): void {
    if (start < 0 || start + target.length > this.sizeBytes) {
      throw damagedDisk(`read of ${target.length} bytes at ${start} goes beyond the disk`);
    }
    let at = start;
    let done = 0;
    for (let i = this.find(start); done < target.length; i += 1) {
      const piece = this.extents[i];
      if (piece === undefined) break;
      const within = at - piece.start;
      const count = Math.min(piece.length - within, target.length - done);
      if (piece.offset < 0) target.fill(0, done, done + count);
      else this.readFile(piece, within, target.subarray(done, done + count));
      at += count;
      done += count;
      this.last = i;
    }
  }

  private readFile(piece: Piece, within: number, target: Uint8Array): void {
    const fd = this.files[piece.depth];
    if (fd === undefined) throw damagedDisk(`the chain has no file ${piece.depth}`);
    for (let done = 0; done < target.length;) {
      const left = target.length - done;
      const count = readSync(fd, target, done, left, piece.offset + within + done);
      if (count === 0) throw this.endedAt(piece);
      done += count;
    }
  }

  private endedAt({ depth, offset, length }: Piece): Failure {
    if (offset + length > (this.sizes[depth] ?? 0)) {
      return beyondEnd(this.chain[depth]?.path);
    }
    return transient('DiskShrank', 'a disk file became shorter while it was read');
  }

  /** Index of the piece that holds a position; most reads are near the last one. */
  private find(position: number): number {
    const guess = this.extents[this.last];
    if (guess !== undefined && position >= guess.start) {
      if (position < guess.start + guess.length) return this.last;
    }
    let low = 0;
    let high = this.extents.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.extents[middle]?.start ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/**
 * Opens a raw disk or a chain of our own overlays for reading, without a server in between. The disk
 * must not be written meanwhile.
 */
export async function openDisk(file: DiskFile, options: OpenDiskOptions): Promise<OpenDisk> {
  const { run, roots } = options;
  const { files, sizeBytes } = readChain(file, roots);
  const pieces = piecesOf(await mapDisk(run, file), files, sizeBytes);
  return new ChainSource(files, pieces, sizeBytes);
}
