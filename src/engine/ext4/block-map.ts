import type { Inode } from './inode.ts';
import type { MapContext, Run } from './map-context.ts';

const DIRECT = 12;

interface Level {
  readonly context: MapContext;
  /** Numbers of blocks that one block holds. */
  readonly perBlock: number;
}

function* indirect(level: Level, block: number, depth: number, logical: number): Generator<Run> {
  if (block === 0) return;
  yield { logical: -1, physical: block, count: 1, written: true };
  const { cache, sb } = level.context;
  const raw = Buffer.from(cache.view(block * sb.blockSize, sb.blockSize));
  const span = level.perBlock ** (depth - 1);
  for (let i = 0; i < level.perBlock; i += 1) {
    const next = raw.readUInt32LE(i * 4);
    if (next === 0) continue;
    if (depth === 1) yield { logical: logical + i, physical: next, count: 1, written: true };
    else yield* indirect(level, next, depth - 1, logical + i * span);
  }
}

function* single(context: MapContext, inode: Inode): Generator<Run> {
  for (let i = 0; i < DIRECT; i += 1) {
    const physical = inode.map.readUInt32LE(i * 4);
    if (physical !== 0) yield { logical: i, physical, count: 1, written: true };
  }
  const perBlock = context.sb.blockSize / 4;
  const level = { context, perBlock };
  let logical = DIRECT;
  for (let depth = 1; depth <= 3; depth += 1) {
    yield* indirect(level, inode.map.readUInt32LE((DIRECT + depth - 1) * 4), depth, logical);
    logical += perBlock ** depth;
  }
}

/** The runs of an inode with the block map of ext2 and ext3, neighbours joined. */
export function* blockMapRuns(context: MapContext, inode: Inode): Generator<Run> {
  let open: Run | undefined;
  for (const run of single(context, inode)) {
    if (
      open !== undefined &&
      run.logical >= 0 &&
      run.logical === open.logical + open.count &&
      run.physical === open.physical + open.count &&
      open.count < 32768
    ) {
      open = { ...open, count: open.count + 1 };
      continue;
    }
    if (open !== undefined) yield open;
    open = undefined;
    if (run.logical < 0) yield run;
    else open = run;
  }
  if (open !== undefined) yield open;
}
