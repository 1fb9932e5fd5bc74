import { formatBytes } from '../../core/quantity.ts';
import { filled, runsIn } from '../content.ts';
import { LARGEST_FILE } from '../limits.ts';
import type { DeltaItem } from '../delta/entry.ts';
import { unstorable } from '../delta/failure.ts';
import { sortItems } from '../delta/write.ts';
import { wantedMeta, type VolumeReader } from '../volume.ts';
import type { TreeChanges } from './walk.ts';

function putItem(volume: VolumeReader, path: string, inode: number): DeltaItem {
  const meta = volume.meta(inode);
  const sizeBytes = meta.type === 'file' ? meta.sizeBytes : 0;
  if (sizeBytes > LARGEST_FILE) {
    const [is, most] = [sizeBytes, LARGEST_FILE].map(formatBytes);
    throw unstorable(path, `it has ${is}, and layers hold files of up to ${most}`);
  }
  const change = { op: 'put', path, meta: wantedMeta(meta), sizeBytes } as const;
  if (meta.type !== 'file') return { change };
  const pieces = () => filled(volume.pieces(inode), sizeBytes);
  return {
    change,
    data: () => runsIn(pieces(), sizeBytes),
    content: function* () {
      for (const piece of pieces()) yield piece.read();
    },
  };
}

/** Further names of one inode become links to the first. */
function linked(
  volume: VolumeReader,
  items: readonly DeltaItem[],
  put: TreeChanges['put'],
): DeltaItem[] {
  const first = new Map<number, string>();
  return items.map((item) => {
    const { path } = item.change;
    const inode = put.get(path);
    if (inode === undefined || volume.meta(inode).type === 'directory') return item;
    const to = first.get(inode);
    if (to === undefined) first.set(inode, path);
    return to === undefined ? item : { change: { op: 'link', path, to } };
  });
}

/** The changes as the items of a layer, in archive order; content is read only when asked for. */
export function itemsOf(volume: VolumeReader, changes: TreeChanges): readonly DeltaItem[] {
  const removed = [...changes.removed].map((path): DeltaItem => ({
    change: { op: 'whiteout', path },
  }));
  const put = [...changes.put].map(([path, inode]) => putItem(volume, path, inode));
  return linked(volume, sortItems([...removed, ...put]), changes.put);
}
