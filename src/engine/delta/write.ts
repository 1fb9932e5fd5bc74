import type { DeltaChange, DeltaItem } from './entry.ts';
import { encodeChange, padding } from './encode.ts';
import { badDelta, unstorable } from './failure.ts';
import { archiveKey } from './order.ts';
import { archivePath, flawOfPath, isMarkerName } from './path.ts';
import { BLOCK } from './ustar.ts';

function checkChange(change: DeltaChange): void {
  const flaw =
    flawOfPath(change.path) ?? (change.op === 'link' ? flawOfPath(change.to) : undefined);
  if (flaw !== undefined) throw unstorable(change.path, flaw);
  if (change.path.split('/').some(isMarkerName)) {
    throw unstorable(change.path, 'names that begin with ".wh." mean a removal in a layer');
  }
}

function sizeOf(change: DeltaChange): number {
  return change.op === 'put' && change.meta.type === 'file' ? change.sizeBytes : 0;
}

function* encodeItem({ change, content }: DeltaItem): Generator<Uint8Array> {
  yield encodeChange(change);
  const sizeBytes = sizeOf(change);
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
 * come in archive order, see `sortItems`.
 */
export async function* writeDelta(items: Iterable<DeltaItem>): AsyncGenerator<Uint8Array> {
  let last: Buffer = Buffer.alloc(0);
  for (const item of items) {
    checkChange(item.change);
    const key = archiveKey(archivePath(item.change));
    if (last.compare(key) >= 0) throw badDelta(`${item.change.path} is repeated or out of order`);
    last = key;
    yield* encodeItem(item);
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
