import { createHash } from 'node:crypto';
import { impossible } from '../core/failure.ts';
import type { LayerIdentity, LayerPointer, StoredLayer } from '../core/layer.ts';
import { mapOrdered } from '../core/lanes.ts';
import type { Progress } from './disk-reader.ts';
import { compressFrame } from './frame.ts';
import { nameOf } from './manifest.ts';
import { ANNOTATION, CHUNK_BYTES, DELTA_TYPE } from './names.ts';
import { checkIdentity, publishLayer, type StoreParts } from './publish.ts';

/** A file delta to be stored as a platform or app layer version. */
export interface DeltaPut {
  /** An uncompressed tar archive with its end-of-archive blocks. */
  readonly tar: AsyncIterable<Uint8Array>;
  readonly layer: LayerIdentity;
  /** The OS layer version that it was captured on. */
  readonly base: LayerPointer;
  /** Layers that were present while packaging. */
  readonly requires: readonly LayerPointer[];
  readonly stats: { readonly files: number };
  readonly onProgress?: Progress;
  readonly signal?: AbortSignal;
}

/** Frames under way at once: about 35 MiB of memory. */
const LANES = 4;

/** Cuts a stream into pieces of one size; the last one may be short. */
async function* pieces(stream: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
  let piece = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  for await (const bytes of stream) {
    let at = 0;
    while (at < bytes.length) {
      const length = Math.min(size - filled, bytes.length - at);
      piece.set(bytes.subarray(at, at + length), filled);
      filled += length;
      at += length;
      if (filled < size) continue;
      yield piece;
      piece = Buffer.allocUnsafeSlow(size);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

class DeltaTaking {
  private readonly hash = createHash('sha256');
  private readonly put: DeltaPut;
  rawBytes = 0;

  constructor(put: DeltaPut) {
    this.put = put;
  }

  /** Independent frames, in order. */
  frames(): AsyncGenerator<Buffer> {
    return mapOrdered(pieces(this.put.tar, CHUNK_BYTES), LANES, (piece) => {
      this.put.signal?.throwIfAborted();
      this.hash.update(piece);
      this.rawBytes += piece.length;
      this.put.onProgress?.(this.rawBytes, undefined);
      return compressFrame(piece);
    });
  }

  diffId(): `sha256:${string}` {
    return `sha256:${this.hash.digest('hex')}`;
  }
}

function checkDelta({ layer }: DeltaPut): void {
  checkIdentity(layer);
  if (layer.role !== 'os') return;
  throw impossible(
    'LayerRoleInvalid',
    `layer ${nameOf(layer)}: an OS layer is a disk`,
    'Put a disk.',
  );
}

function emptyDelta(layer: string) {
  const hint = 'Even an archive without entries ends with two blocks of zeros.';
  return impossible('DeltaEmpty', `layer ${layer}: the tar stream is empty`, hint);
}

/** Stores a delta. Running it again with the same input changes nothing. */
export async function putDelta(parts: StoreParts, put: DeltaPut): Promise<StoredLayer> {
  checkDelta(put);
  const { layer, base, requires, stats, signal } = put;
  const taking = new DeltaTaking(put);
  const blob = await parts.blobs.stream(async (ingest) => {
    for await (const frame of taking.frames()) await ingest.write(frame);
    if (taking.rawBytes === 0) throw emptyDelta(nameOf(layer));
  });
  const diffId = taking.diffId();
  return publishLayer(parts, {
    layer,
    layers: [{ mediaType: DELTA_TYPE, ...blob }],
    content: diffId,
    signal,
    config: {
      base: { os: base.manifest },
      requires: requires.map(({ manifest }) => manifest),
      rootfs: { diffIDs: [diffId] },
      stats: { storedBytes: blob.size, rawBytes: taking.rawBytes, files: stats.files },
    },
    annotations: {
      [ANNOTATION.baseName]: nameOf(base),
      [ANNOTATION.baseDigest]: base.manifest,
    },
  });
}
