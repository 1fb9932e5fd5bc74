import { blockMapRuns } from './block-map.ts';
import { extentRuns } from './extent-tree.ts';
import { damaged } from './failures.ts';
import { FLAG_EXTENTS, type Inode } from './inode.ts';
import type { MapContext, Run } from './map-context.ts';

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
