import type { Digest } from '../core/digest.ts';
import type { LayerIdentity, LayerPointer, StoredLayer } from '../core/layer.ts';
import type { StoredBlob } from './blobs.ts';
import type { StoredChunk } from './chunk-store.ts';
import type { Descriptor } from './descriptor.ts';
import { contentDigest, encodeDiskIndex, filledBytes, HOLE, type DiskIndex } from './disk-index.ts';
import { openDiskLayer, type DiskLayer } from './disk-layer.ts';
import { checkDisk, DiskTaking, type DiskToTake } from './disk-taking.ts';
import type { ConfigBody, DiskFacts, OsFacts } from './layer-config.ts';
import { storedBytes } from './manifest.ts';
import { ANNOTATION, DISK_INDEX_TYPE } from './names.ts';
import { checkIdentity, publishLayer, type StoreParts } from './publish.ts';

/** A disk to be stored as an OS layer version. */
export interface DiskPut extends DiskToTake {
  readonly layer: LayerIdentity;
  /** The version before; its chunks are used again. */
  readonly parent?: LayerPointer;
  readonly os?: OsFacts;
  readonly facts?: DiskFacts;
}

/** Gives ordinals by first use, so that equal disks have equal indexes. */
function buildIndex(taking: DiskTaking): {
  readonly index: DiskIndex;
  readonly chunks: readonly StoredChunk[];
} {
  const ordinals = new Map<string, number>();
  const chunks: StoredChunk[] = [];
  const slots = Uint32Array.from(taking.slots, (chunk) => {
    if (chunk === undefined) return HOLE;
    const known = ordinals.get(chunk.raw);
    if (known !== undefined) return known;
    ordinals.set(chunk.raw, chunks.length);
    return chunks.push(chunk) - 1;
  });
  const records = chunks.map(({ raw, blob }, ordinal) => ({
    raw,
    blob: ordinal,
    storedLength: blob.size,
    offset: 0,
  }));
  const { geometry } = taking;
  return {
    index: { ...geometry, packed: false, blobCount: chunks.length, slots, chunks: records },
    chunks,
  };
}

interface Taken {
  readonly index: DiskIndex;
  readonly indexBlob: StoredBlob;
  readonly layers: readonly Descriptor[];
  readonly content: Digest;
  readonly parent: DiskLayer | undefined;
}

async function takeDisk({ blobs }: StoreParts, put: DiskPut): Promise<Taken> {
  const parent = put.parent === undefined ? undefined : await openDiskLayer(blobs, put.parent);
  const taking = new DiskTaking(blobs, put, parent);
  await taking.run();
  const { index, chunks } = buildIndex(taking);
  const indexBlob = await blobs.put(encodeDiskIndex(index));
  const annotations = { [ANNOTATION.title]: 'disk0.index' };
  const layers = [
    { mediaType: DISK_INDEX_TYPE, ...indexBlob, annotations },
    ...chunks.map(({ blob }) => blob),
  ];
  return { index, indexBlob, layers, content: contentDigest(index), parent };
}

function diskConfig({ os, facts }: DiskPut, taken: Taken): ConfigBody {
  const { index, indexBlob, layers, content, parent } = taken;
  return {
    ...(os === undefined ? {} : { os }),
    ...(parent === undefined
      ? {}
      : { parent: { digest: parent.manifest, contentDigest: parent.content } }),
    disks: [
      {
        ...facts,
        index: indexBlob.digest,
        size: index.diskBytes,
        chunkSize: index.chunkBytes,
        contentDigest: content,
      },
    ],
    stats: { storedBytes: storedBytes(layers), rawBytes: filledBytes(index) },
  };
}

/** Stores a disk. Running it again with the same input changes nothing. */
export async function putDisk(parts: StoreParts, put: DiskPut): Promise<StoredLayer> {
  const { layer, os, signal } = put;
  checkIdentity(layer);
  checkDisk(put.disk);
  const taken = await takeDisk(parts, put);
  const { index, layers, content, parent } = taken;
  return publishLayer(parts, {
    layer,
    layers,
    content,
    signal,
    config: diskConfig(put, taken),
    annotations: {
      ...(parent === undefined ? {} : { [ANNOTATION.parent]: parent.manifest }),
      [ANNOTATION.diskSize]: String(index.diskBytes),
      [ANNOTATION.diskChunk]: String(index.chunkBytes),
      ...(os?.build === undefined ? {} : { [ANNOTATION.osBuild]: os.build }),
    },
  });
}
