import type { ByteSource } from '../../images/source.ts';
import { cut } from '../content.ts';
import type { Piece } from '../volume.ts';
import type { Inode } from './inode.ts';
import type { MapContext } from './map-context.ts';
import { runsOf } from './mapping.ts';

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
