import type { ByteSource } from '../../images/source.ts';
import { damaged } from './failures.ts';

const CHUNK = 2 ** 15;
const CHUNKS = 256;

/** Reads small metadata through a bounded cache: 8 MiB in pieces of 32 KiB. */
export class BlockCache {
  private readonly source: ByteSource;
  private readonly chunks = new Map<number, Buffer>();
  private lastIndex = -1;
  private last: Buffer = Buffer.alloc(0);

  constructor(source: ByteSource) {
    this.source = source;
  }

  /** A view of some bytes that must not be written and lives until the next few reads. */
  view(start: number, length: number): Buffer {
    const index = Math.floor(start / CHUNK);
    const within = start - index * CHUNK;
    if (within + length <= CHUNK) return this.chunk(index).subarray(within, within + length);
    if (start + length > this.source.sizeBytes) throw damaged('a block lies beyond the end');
    const bytes = Buffer.allocUnsafe(length);
    this.source.readInto(start, bytes);
    return bytes;
  }

  private chunk(index: number): Buffer {
    if (index === this.lastIndex) return this.last;
    let found = this.chunks.get(index);
    if (found === undefined) found = this.load(index);
    this.lastIndex = index;
    this.last = found;
    return found;
  }

  private load(index: number): Buffer {
    const start = index * CHUNK;
    const length = Math.min(CHUNK, this.source.sizeBytes - start);
    if (start < 0 || length <= 0) throw damaged('a block lies beyond the end');
    const bytes = Buffer.alloc(CHUNK);
    this.source.readInto(start, bytes.subarray(0, length));
    if (this.chunks.size >= CHUNKS) {
      const [oldest] = this.chunks.keys();
      if (oldest !== undefined) this.chunks.delete(oldest);
    }
    this.chunks.set(index, bytes);
    return bytes;
  }
}
