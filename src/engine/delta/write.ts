import type { DeltaChange, DeltaItem } from './entry.ts';
import { MOST_NAMES, MOST_RUNS, mostHeaderBytes } from '../limits.ts';
import type { Range } from '../volume.ts';
import { encodeChange, encodeSparse, padding } from './encode.ts';
import { badDelta, unstorable } from './failure.ts';
import { archiveKey, archivePath, flawOfPath, isMarkerName } from './path.ts';
import { BLOCK } from './ustar.ts';

function checkChange(change: DeltaChange): void {
  const flaw =
    flawOfPath(change.path) ?? (change.op === 'link' ? flawOfPath(change.to) : undefined);
  if (flaw !== undefined) throw unstorable(change.path, flaw);
  if (change.path.split('/').some(isMarkerName)) {
    throw unstorable(change.path, 'names that begin with ".wh." mean a removal in a layer');
  }
}

function sizeOf(change: DeltaChange, runs: readonly Range[] | undefined): number {
  if (change.op !== 'put' || change.meta.type !== 'file') return 0;
  return runs?.reduce((sum, { length }) => sum + length, 0) ?? change.sizeBytes;
}

/** Counts what a layer holds while it is written. */
class Stock {
  private entries = 0;
  private runs = 0;
  private headerBytes = 0;
  private contentBytes = 0;
  private readonly mostBytes: number;

  constructor(mostBytes: number) {
    this.mostBytes = mostBytes;
  }

  add({ path }: DeltaChange, runs: readonly Range[], sizeBytes: number): void {
    this.entries += 1;
    this.runs += runs.length;
    this.contentBytes += sizeBytes;
    if (this.entries > MOST_NAMES) {
      throw unstorable(path, `more than ${MOST_NAMES} names changed, which no layer holds`);
    }
    if (this.runs > MOST_RUNS) {
      throw unstorable(path, `files with holes lie in more than ${MOST_RUNS} pieces`);
    }
    if (this.contentBytes > this.mostBytes) {
      throw unstorable(path, 'its file system shows more data than it has room for');
    }
  }

  addHeader({ path }: DeltaChange, header: Buffer): Buffer {
    this.headerBytes += header.length - BLOCK;
    if (this.headerBytes > mostHeaderBytes(this.entries)) {
      throw unstorable(path, 'names and extended attributes are larger than a layer holds in all');
    }
    return header;
  }
}

function* encodeItem({ change, data, content }: DeltaItem, stock: Stock): Generator<Uint8Array> {
  const runs = data?.();
  const sizeBytes = sizeOf(change, runs);
  stock.add(change, runs ?? [], sizeBytes);
  if (runs === undefined) yield stock.addHeader(change, encodeChange(change));
  else yield encodeSparse(change, runs);
  if (sizeBytes === 0) return;
  let written = 0;
  for (const chunk of content?.() ?? []) {
    written += chunk.length;
    if (written > sizeBytes) break;
    yield chunk;
  }
  if (written !== sizeBytes) {
    throw badDelta(`${change.path} does not have the ${sizeBytes} bytes it was announced with`);
  }
  yield padding(sizeBytes);
}

/**
 * Writes a layer as a tar archive in PAX format. The same items give the same bytes. Items must
 * come in archive order, see `sortItems`. What files store in all may be bounded, since a hostile file system
 * can show the same blocks in any number of files.
 */
export async function* writeDelta(
  items: Iterable<DeltaItem>,
  mostBytes = Infinity,
): AsyncGenerator<Uint8Array> {
  const stock = new Stock(mostBytes);
  let last: Buffer = Buffer.alloc(0);
  for (const item of items) {
    checkChange(item.change);
    const key = archiveKey(archivePath(item.change));
    if (last.compare(key) >= 0) throw badDelta(`${item.change.path} is repeated or out of order`);
    last = key;
    yield* encodeItem(item, stock);
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** Puts items into archive order. */
export function sortItems(items: readonly DeltaItem[]): readonly DeltaItem[] {
  return items
    .map((item) => ({ item, key: archiveKey(archivePath(item.change)) }))
    .sort((a, b) => a.key.compare(b.key))
    .map(({ item }) => item);
}
