import { MOST_RUNS } from './limits.ts';
import type { Piece, Range } from './volume.ts';

/** A shorter run of zeros is stored like any other bytes. */
const SMALLEST_HOLE = 2 ** 16;
const CHUNK = 2 ** 18;
const ZEROS = Buffer.alloc(CHUNK);

function* zeros(from: number, to: number): Generator<Piece> {
  for (let start = from; start < to; start += CHUNK) {
    const length = Math.min(CHUNK, to - start);
    yield { start, length, read: () => ZEROS.subarray(0, length) };
  }
}

/** The stored pieces of a file of this size with every shorter run of zeros between, before and behind them. */
export function* filled(
  pieces: Iterable<Piece>,
  sizeBytes: number,
  smallestHole = SMALLEST_HOLE,
): Generator<Piece> {
  let end = 0;
  for (const piece of pieces) {
    if (piece.start - end < smallestHole) yield* zeros(end, piece.start);
    yield piece;
    end = piece.start + piece.length;
  }
  if (sizeBytes - end < smallestHole) yield* zeros(end, sizeBytes);
}

/** The runs that pieces cover, up to one more than a layer may hold; undefined if that is all of the file. */
export function runsIn(pieces: Iterable<Range>, sizeBytes: number): readonly Range[] | undefined {
  const runs: { start: number; length: number }[] = [];
  for (const { start, length } of pieces) {
    const last = runs.at(-1);
    if (last !== undefined && last.start + last.length === start) last.length += length;
    else if (runs.length > MOST_RUNS) break;
    else runs.push({ start, length });
  }
  const [first] = runs;
  return sizeBytes === 0 || first?.length === sizeBytes ? undefined : runs;
}

/** All bytes of a file in order, its holes as zeros. */
export function* wholeContent(pieces: Iterable<Piece>, sizeBytes: number): Generator<Uint8Array> {
  for (const piece of filled(pieces, sizeBytes, Infinity)) yield piece.read();
}

/** Cuts a run into pieces of bounded size. */
export function* cut(
  { start, length }: Range,
  read: (start: number, length: number) => Uint8Array,
): Generator<Piece> {
  for (let at = start; at < start + length; at += CHUNK) {
    const count = Math.min(CHUNK, start + length - at);
    yield { start: at, length: count, read: () => read(at, count) };
  }
}

/** Goes through pieces byte by byte, and reads each once. */
class Cursor {
  private readonly pieces: Iterator<Piece>;
  private rest: Uint8Array = new Uint8Array(0);
  /** Where the bytes that were not taken yet begin; infinite behind the last. */
  start = 0;

  constructor(pieces: Iterable<Piece>) {
    this.pieces = pieces[Symbol.iterator]();
    this.take(0);
  }

  get length(): number {
    return this.rest.length;
  }

  take(count: number): Uint8Array {
    const taken = this.rest.subarray(0, count);
    this.rest = this.rest.subarray(count);
    this.start += count;
    while (this.rest.length === 0 && this.start !== Infinity) {
      const next = this.pieces.next();
      this.start = next.done === true ? Infinity : next.value.start;
      if (next.done !== true) this.rest = next.value.read();
    }
    return taken;
  }
}

function isZero(bytes: Uint8Array): boolean {
  return ZEROS.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}

/** True if two files of the same size hold the same bytes. What both do not store is not looked at. */
export function sameContent(left: Iterable<Piece>, right: Iterable<Piece>): boolean {
  const [a, b] = [new Cursor(left), new Cursor(right)];
  while (a.length > 0 || b.length > 0) {
    if (a.start === b.start) {
      const count = Math.min(a.length, b.length);
      if (Buffer.compare(a.take(count), b.take(count)) !== 0) return false;
    } else {
      const [early, late] = a.start < b.start ? [a, b] : [b, a];
      if (!isZero(early.take(Math.min(early.length, late.start - early.start)))) return false;
    }
  }
  return true;
}
