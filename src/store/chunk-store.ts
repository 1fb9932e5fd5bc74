import { impossible } from '../core/failure.ts';
import type { BlobFolder } from './blobs.ts';
import type { Descriptor } from './descriptor.ts';
import type { DiskLayer } from './disk-layer.ts';
import { compressFrame } from './frame.ts';
import { CHUNK_BYTES, MAX_CHUNKS, RAW_CHUNK_TYPE, ZSTD_CHUNK_TYPE } from './names.ts';

/** A chunk that is in the store as a blob of its own. */
export interface StoredChunk {
  /** SHA-256 of the raw bytes, in hex. */
  readonly raw: string;
  readonly blob: Descriptor;
}

/** The chunks of a parent by raw digest. Chunks inside packs are no blobs and cannot be reused. */
export function chunksOf(parent: DiskLayer | undefined): ReadonlyMap<string, StoredChunk> {
  if (parent === undefined || parent.index.packed) return new Map();
  return new Map(
    parent.index.chunks.flatMap(({ raw, blob: ordinal }) => {
      const blob = parent.blobs[ordinal];
      return blob === undefined ? [] : [[raw, { raw, blob }]];
    }),
  );
}

/** Takes chunks in: each distinct one is stored once, and not at all when the parent has it. */
export class ChunkStore {
  private readonly blobs: BlobFolder;
  private readonly parent: ReadonlyMap<string, StoredChunk>;
  private readonly taken = new Map<string, Promise<StoredChunk>>();

  constructor(blobs: BlobFolder, parent: ReadonlyMap<string, StoredChunk>) {
    this.blobs = blobs;
    this.parent = parent;
  }

  /** The parent's chunk with this raw digest, if its blob is really there. */
  async reuse(raw: string): Promise<StoredChunk | undefined> {
    const known = this.parent.get(raw);
    const usable =
      this.taken.has(raw) || (known !== undefined && (await this.blobs.keep(known.blob)));
    if (!usable || known === undefined) return undefined;
    return this.taken.get(raw) ?? this.remember(raw, Promise.resolve(known));
  }

  /** Stores a chunk. Its bytes must not change before the promise settles. */
  take(raw: string, bytes: Uint8Array): Promise<StoredChunk> {
    return this.taken.get(raw) ?? this.remember(raw, this.make(raw, bytes));
  }

  private remember(raw: string, chunk: Promise<StoredChunk>): Promise<StoredChunk> {
    this.taken.set(raw, chunk);
    if (this.taken.size > MAX_CHUNKS) {
      chunk.catch(() => undefined);
      throw tooManyChunks();
    }
    return chunk;
  }

  private async make(raw: string, bytes: Uint8Array): Promise<StoredChunk> {
    const known = this.parent.get(raw);
    if (known !== undefined && (await this.blobs.keep(known.blob))) return known;
    const frame = await compressFrame(bytes);
    const worth = bytes.length - frame.length >= bytes.length / 16;
    const blob = await this.blobs.put(worth ? frame : bytes);
    return { raw, blob: { mediaType: worth ? ZSTD_CHUNK_TYPE : RAW_CHUNK_TYPE, ...blob } };
  }
}

function tooManyChunks() {
  const gibibytes = (MAX_CHUNKS * CHUNK_BYTES) / 2 ** 30;
  return impossible(
    'DiskTooLarge',
    `the disk holds more than ${MAX_CHUNKS} distinct chunks (${gibibytes} GiB of data)`,
    'Remove data from the disk, or zero its free space (fstrim, or Optimize-Volume -ReTrim).',
  );
}
