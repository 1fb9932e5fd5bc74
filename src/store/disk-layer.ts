import { createHash } from 'node:crypto';
import type { Digest } from '../core/digest.ts';
import { messageOf } from '../core/failure.ts';
import type { LayerPointer } from '../core/layer.ts';
import type { BlobFolder, BlobPart } from './blobs.ts';
import type { Descriptor } from './descriptor.ts';
import { contentDigest, decodeDiskIndex, slotLength, type DiskIndex } from './disk-index.ts';
import { blobCorrupt, layerInvalid } from './failures.ts';
import { nameOf, readManifest } from './manifest.ts';
import {
  ANNOTATION,
  ARTIFACT_TYPES,
  CAP,
  DISK_INDEX_TYPE,
  PACK_TYPE,
  RAW_CHUNK_TYPE,
  ZSTD_CHUNK_TYPE,
} from './names.ts';
import { decompressFrame, decompressFrameSync } from './frame.ts';

const BLOB_TYPES: ReadonlySet<string> = new Set([ZSTD_CHUNK_TYPE, RAW_CHUNK_TYPE, PACK_TYPE]);

/** A disk layer whose metadata has been read and checked. */
export interface DiskLayer {
  readonly name: string;
  readonly manifest: Digest;
  readonly content: Digest;
  readonly index: DiskIndex;
  /** By blob ordinal. */
  readonly blobs: readonly Descriptor[];
}

/** One chunk of a disk layer, ready to be read. */
export interface ChunkSource {
  readonly part: BlobPart;
  readonly raw: string;
  readonly rawLength: number;
}

function checkBlobs(index: DiskIndex, blobs: readonly Descriptor[], layer: string): void {
  if (blobs.length !== index.blobCount) {
    throw layerInvalid(layer, `its index needs ${index.blobCount} blobs, not ${blobs.length}`);
  }
  for (const [ordinal, { blob, offset, storedLength }] of index.chunks.entries()) {
    const size = blobs[blob]?.size ?? 0;
    const fits = index.packed ? offset + storedLength <= size : storedLength === size;
    if (!fits) throw layerInvalid(layer, `chunk ${ordinal} does not fit its blob`);
  }
}

function decodeIndex(bytes: Buffer, layer: string): DiskIndex {
  try {
    return decodeDiskIndex(bytes);
  } catch (error) {
    throw layerInvalid(layer, messageOf(error));
  }
}

/** Reads manifest and index of a disk layer. */
export async function openDiskLayer(blobs: BlobFolder, pointer: LayerPointer): Promise<DiskLayer> {
  const name = nameOf(pointer);
  const manifest = await readManifest(blobs, pointer);
  const first = manifest.layers[0];
  if (manifest.artifactType !== ARTIFACT_TYPES.os || first?.mediaType !== DISK_INDEX_TYPE) {
    throw layerInvalid(name, 'it is not a disk');
  }
  const index = decodeIndex(await blobs.read(first, CAP.indexBytes, name), name);
  const chunkBlobs = manifest.layers.filter(({ mediaType }) => BLOB_TYPES.has(mediaType));
  checkBlobs(index, chunkBlobs, name);
  const content = contentDigest(index);
  if (manifest.annotations[ANNOTATION.content] !== content) {
    throw layerInvalid(name, 'its index is of another disk than its manifest says');
  }
  return { name, manifest: pointer.manifest, content, index, blobs: chunkBlobs };
}

/** What a slot holds; undefined for a hole. */
export function chunkOf(layer: DiskLayer, slot: number): ChunkSource | undefined {
  const chunk = layer.index.chunks[layer.index.slots[slot] ?? -1];
  const blob = layer.blobs[chunk?.blob ?? -1];
  if (chunk === undefined || blob === undefined) return undefined;
  const { offset, storedLength, raw } = chunk;
  const part = { layer: layer.name, digest: blob.digest, offset, length: storedLength };
  return { part, raw, rawLength: slotLength(layer.index, slot) };
}

function verified({ part, raw, rawLength }: ChunkSource, bytes: Buffer): Buffer {
  if (bytes.length !== rawLength) {
    throw blobCorrupt(part.layer, part.digest, 'its content has another length');
  }
  if (createHash('sha256').update(bytes).digest('hex') !== raw) {
    throw blobCorrupt(part.layer, part.digest, 'its content has another digest');
  }
  return bytes;
}

function undecodable({ part }: ChunkSource, error: unknown): never {
  throw blobCorrupt(part.layer, part.digest, messageOf(error));
}

/** The bytes of a chunk, checked. */
export async function readChunk(blobs: BlobFolder, chunk: ChunkSource): Promise<Buffer> {
  const stored = await blobs.readPart(chunk.part);
  if (stored.length === chunk.rawLength) return verified(chunk, stored);
  const raw = await decompressFrame(stored, chunk.rawLength).catch((error: unknown) =>
    undecodable(chunk, error),
  );
  return verified(chunk, raw);
}

function decodeSync(chunk: ChunkSource, stored: Buffer): Buffer {
  try {
    return decompressFrameSync(stored, chunk.rawLength);
  } catch (error) {
    return undecodable(chunk, error);
  }
}

/** The same for readers that cannot wait. */
export function readChunkSync(blobs: BlobFolder, chunk: ChunkSource): Buffer {
  const stored = blobs.readPartSync(chunk.part);
  return verified(chunk, stored.length === chunk.rawLength ? stored : decodeSync(chunk, stored));
}
