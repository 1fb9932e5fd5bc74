import type { LayerPointer } from '../core/layer.ts';
import type { BlobFolder } from './blobs.ts';
import { HOLE, slotLength, type DiskIndex } from './disk-index.ts';
import { chunkOf, openDiskLayer, readChunkSync, type DiskLayer } from './disk-layer.ts';
import type { DiskExtent, DiskReader } from './disk-reader.ts';

/** Decompressed chunks kept by a reader: 64 MiB. */
const CACHED_CHUNKS = 16;

/** A disk in the store, open for random access. */
export interface StoredDisk extends DiskReader {
  close(): void;
}

function extentsOf(index: DiskIndex): readonly DiskExtent[] {
  const extents: DiskExtent[] = [];
  for (const [slot, ordinal] of index.slots.entries()) {
    const data = ordinal !== HOLE;
    const length = slotLength(index, slot);
    const last = extents.at(-1);
    if (last?.data === data) {
      extents[extents.length - 1] = { ...last, length: last.length + length };
    } else {
      extents.push({ start: slot * index.chunkBytes, length, data, depth: 0 });
    }
  }
  return extents;
}

class ChunkedDisk implements StoredDisk {
  readonly sizeBytes: number;
  readonly extents: readonly DiskExtent[];
  private readonly blobs: BlobFolder;
  private readonly layer: DiskLayer;
  private readonly cache = new Map<number, Buffer>();

  constructor(blobs: BlobFolder, layer: DiskLayer) {
    this.blobs = blobs;
    this.layer = layer;
    this.sizeBytes = layer.index.diskBytes;
    this.extents = extentsOf(layer.index);
  }

  readInto(start: number, target: Uint8Array): void {
    if (start < 0 || start + target.length > this.sizeBytes) {
      throw new RangeError(`layer ${this.layer.name}: read beyond the end of the disk`);
    }
    const { chunkBytes } = this.layer.index;
    let at = 0;
    while (at < target.length) {
      const slot = Math.floor((start + at) / chunkBytes);
      const within = start + at - slot * chunkBytes;
      const length = Math.min(slotLength(this.layer.index, slot) - within, target.length - at);
      const bytes = this.chunk(slot);
      if (bytes === undefined) target.fill(0, at, at + length);
      else target.set(bytes.subarray(within, within + length), at);
      at += length;
    }
  }

  /** The content of a slot; undefined for a hole. The least recently used chunk makes room. */
  private chunk(slot: number): Buffer | undefined {
    const source = chunkOf(this.layer, slot);
    if (source === undefined) return undefined;
    const bytes = this.cache.get(slot) ?? readChunkSync(this.blobs, source);
    this.cache.delete(slot);
    this.cache.set(slot, bytes);
    for (const oldest of this.cache.keys()) {
      if (this.cache.size <= CACHED_CHUNKS) break;
      this.cache.delete(oldest);
    }
    return bytes;
  }

  close(): void {
    this.cache.clear();
  }
}

/** Opens a disk of the store for random access, without writing it anywhere. */
export async function readDisk(blobs: BlobFolder, pointer: LayerPointer): Promise<StoredDisk> {
  return new ChunkedDisk(blobs, await openDiskLayer(blobs, pointer));
}
