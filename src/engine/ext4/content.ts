import type { ByteSource } from '../../images/source.ts';
import { damaged } from './failures.ts';
import type { Inode } from './inode.ts';
import type { MapContext } from './map-context.ts';
import { runsOf } from './mapping.ts';

const CHUNK = 2 ** 18;
/** The largest file that is read; sparse files can claim anything. */
const MAX_FILE = 4 * 2 ** 40;
const ZEROS = Buffer.alloc(CHUNK);

function* zeros(length: number): Generator<Uint8Array> {
  for (let left = length; left > 0; left -= CHUNK) yield ZEROS.subarray(0, Math.min(left, CHUNK));
}

function* bytes(source: ByteSource, start: number, length: number): Generator<Uint8Array> {
  for (let done = 0; done < length; done += CHUNK) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, length - done));
    source.readInto(start + done, chunk);
    yield chunk;
  }
}

/** The content of an inode in order, in pieces of at most 256 KiB; holes come as zeros. */
export function* contentOf(
  context: MapContext,
  source: ByteSource,
  inode: Inode,
): Generator<Uint8Array> {
  const { blockSize } = context.sb;
  if (inode.size > MAX_FILE) throw damaged(`inode ${inode.number} claims ${inode.size} bytes`);
  let done = 0;
  for (const run of runsOf(context, inode)) {
    if (run.logical < 0 || !run.written) continue;
    const start = run.logical * blockSize;
    if (start >= inode.size) break;
    const length = Math.min(run.count * blockSize, inode.size - start);
    yield* zeros(start - done);
    yield* bytes(source, run.physical * blockSize, length);
    done = start + length;
  }
  yield* zeros(inode.size - done);
}
