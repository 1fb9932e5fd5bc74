import type { ByteSource } from '../../images/source.ts';
import { cut } from '../content.ts';
import type { Piece } from '../volume.ts';
import { FLAG_EXTENTS, type Inode } from './inode.ts';
import type { MapContext, Run } from './map-context.ts';
import { blockMapRuns } from './block-map.ts';
import { extentRuns } from './extent-tree.ts';
import { damaged } from './failures.ts';

/**
 * All blocks of an inode in ascending order of their place in the file, with the blocks of the map
 * itself in between. An inode that claims more blocks than there are is damage, which also bounds
 * the work.
 */
export function* runsOf(context: MapContext, inode: Inode): Generator<Run> {
  const extents = (inode.flags & FLAG_EXTENTS) !== 0;
  const runs = extents ? extentRuns(context, inode) : blockMapRuns(context, inode);
  let total = 0;
  for (const run of runs) {
    total += run.count;
    const { firstDataBlock, blocks } = context.sb;
    if (run.physical <= firstDataBlock || run.physical + run.count > blocks || total > blocks) {
      throw damaged(`inode ${inode.number} has blocks outside of the file system`);
    }
    yield run;
  }
}

/** What is stored of an inode, in order; blocks that are reserved but were never written are holes. */
export function* piecesOf(context: MapContext, source: ByteSource, inode: Inode): Generator<Piece> {
  const { blockSize } = context.sb;
  for (const run of runsOf(context, inode)) {
    if (run.logical < 0 || !run.written) continue;
    const start = run.logical * blockSize;
    if (start >= inode.size) break;
    const length = Math.min(run.count * blockSize, inode.size - start);
    const shift = run.physical * blockSize - start;
    yield* cut({ start, length }, (at, count) => {
      const bytes = Buffer.allocUnsafe(count);
      source.readInto(at + shift, bytes);
      return bytes;
    });
  }
}
