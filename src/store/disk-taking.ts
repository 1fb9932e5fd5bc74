import { createHash } from 'node:crypto';
import { impossible } from '../core/failure.ts';
import type { BlobFolder } from './blobs.ts';
import { forEachBounded } from '../core/lanes.ts';
import { ChunkStore, chunksOf, type StoredChunk } from './chunk-store.ts';
import { HOLE, slotLength } from './disk-index.ts';
import type { DiskLayer } from './disk-layer.ts';
import type { DiskExtent, DiskReader, Progress } from './disk-reader.ts';
import { CHUNK_BYTES } from './names.ts';

/** A disk whose chunks are to be stored. */
export interface DiskToTake {
  readonly disk: DiskReader;
  /** True for a range known to hold the same bytes as in the parent; it is not even read. */
  readonly unchanged?: (start: number, length: number) => boolean;
  readonly onProgress?: Progress;
  readonly signal?: AbortSignal;
}

/** Chunks under way at once: enough for the threads of libuv, and 70 MiB of memory at most. */
const LANES = 8;
const ZEROS = Buffer.alloc(CHUNK_BYTES);

/** Refuses a disk that no index can describe. */
export function checkDisk({ sizeBytes, extents }: DiskReader): void {
  if (sizeBytes <= 0 || sizeBytes % 512 !== 0) throw badSize(sizeBytes);
  let end = 0;
  for (const { start, length } of extents) {
    if (start !== end || length <= 0) throw new RangeError('the extents of a disk have gaps');
    end += length;
  }
  if (end !== sizeBytes) throw new RangeError('the extents of a disk do not cover it');
}

function badSize(sizeBytes: number) {
  return impossible(
    'DiskSizeInvalid',
    `the disk has ${sizeBytes} bytes, which is no whole number of sectors`,
    'Give a disk image whose size is a multiple of 512 bytes.',
  );
}

/** One flag a slot: whether any extent with data touches it. */
function slotsWithData(extents: readonly DiskExtent[], slotCount: number): Uint8Array {
  const flags = new Uint8Array(slotCount);
  for (const { start, length, data } of extents) {
    if (!data) continue;
    const last = Math.floor((start + length - 1) / CHUNK_BYTES);
    flags.fill(1, Math.floor(start / CHUNK_BYTES), last + 1);
  }
  return flags;
}

/** Takes the chunks of a disk into the store, several at a time. */
export class DiskTaking {
  private readonly put: DiskToTake;
  private readonly parent: DiskLayer | undefined;
  private readonly chunks: ChunkStore;
  private readonly withData: Uint8Array;
  private readonly buffers = Array.from({ length: LANES }, () =>
    Buffer.allocUnsafeSlow(CHUNK_BYTES),
  );
  private doneBytes = 0;
  readonly geometry: { readonly diskBytes: number; readonly chunkBytes: number };
  readonly slots: (StoredChunk | undefined)[];

  constructor(blobs: BlobFolder, put: DiskToTake, parent: DiskLayer | undefined) {
    this.put = put;
    this.parent = parent;
    this.chunks = new ChunkStore(blobs, chunksOf(parent));
    this.geometry = { diskBytes: put.disk.sizeBytes, chunkBytes: CHUNK_BYTES };
    const slotCount = Math.ceil(put.disk.sizeBytes / CHUNK_BYTES);
    this.withData = slotsWithData(put.disk.extents, slotCount);
    this.slots = Array.from({ length: slotCount }, () => undefined);
  }

  /** Reads the disk once and stores what is new. */
  async run(): Promise<void> {
    await forEachBounded(this.slots.keys(), LANES, async (slot) => {
      this.put.signal?.throwIfAborted();
      this.slots[slot] = await this.takeSlot(slot);
      this.doneBytes += slotLength(this.geometry, slot);
      this.put.onProgress?.(this.doneBytes, this.geometry.diskBytes);
    });
  }

  private async takeSlot(slot: number): Promise<StoredChunk | undefined> {
    if (this.withData[slot] === 0) return undefined;
    const start = slot * CHUNK_BYTES;
    const length = slotLength(this.geometry, slot);
    const known = this.knownRaw(slot, length);
    if (known === 'hole') return undefined;
    const reused = known === undefined ? undefined : await this.chunks.reuse(known);
    if (reused !== undefined) return reused;
    const buffer = this.buffers.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    try {
      const bytes = buffer.subarray(0, length);
      this.put.disk.readInto(start, bytes);
      if (bytes.equals(ZEROS.subarray(0, length))) return undefined;
      return await this.chunks.take(createHash('sha256').update(bytes).digest('hex'), bytes);
    } finally {
      this.buffers.push(buffer);
    }
  }

  /** What the parent holds in a slot that is known to be unchanged. */
  private knownRaw(slot: number, length: number): string | undefined {
    const { parent, put } = this;
    if (parent === undefined || put.unchanged === undefined) return undefined;
    if (parent.index.chunkBytes !== CHUNK_BYTES || slot >= parent.index.slots.length) {
      return undefined;
    }
    if (slotLength(parent.index, slot) !== length) return undefined;
    if (!put.unchanged(slot * CHUNK_BYTES, length)) return undefined;
    return parent.index.chunks[parent.index.slots[slot] ?? HOLE]?.raw ?? 'hole';
  }
}
