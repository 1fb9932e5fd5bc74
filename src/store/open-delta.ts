import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { isDigest, type Digest } from '../core/digest.ts';
import { messageOf } from '../core/failure.ts';
import { isObject } from '../core/json.ts';
import type { LayerPointer } from '../core/layer.ts';
import type { BlobFolder } from './blobs.ts';
import type { Descriptor } from './descriptor.ts';
import { blobCorrupt, layerInvalid } from './failures.ts';
import { DECODER_PARAMS } from './frame.ts';
import { nameOf, readConfig, readManifest } from './manifest.ts';
import { DELTA_TYPE } from './names.ts';

interface Delta {
  readonly name: string;
  readonly blob: Descriptor;
  readonly diffId: Digest;
  readonly rawBytes: number;
}

async function openLayer(blobs: BlobFolder, pointer: LayerPointer): Promise<Delta> {
  const name = nameOf(pointer);
  const manifest = await readManifest(blobs, pointer);
  const [blob, ...more] = manifest.layers;
  if (blob?.mediaType !== DELTA_TYPE || more.length > 0) {
    throw layerInvalid(name, 'it is not a delta of one tar archive');
  }
  const { rootfs, stats } = await readConfig(blobs, manifest, name);
  const diffIds: unknown = isObject(rootfs) ? rootfs['diffIDs'] : undefined;
  const diffId: unknown = Array.isArray(diffIds) && diffIds.length === 1 ? diffIds[0] : undefined;
  const rawBytes = isObject(stats) ? stats['rawBytes'] : undefined;
  if (!isDigest(diffId)) throw layerInvalid(name, 'it has no diffID');
  if (typeof rawBytes !== 'number' || !Number.isSafeInteger(rawBytes)) {
    throw layerInvalid(name, 'its config does not say how long the archive is');
  }
  return { name, blob, diffId, rawBytes };
}

async function* decompressed(blobs: BlobFolder, { name, blob }: Delta): AsyncGenerator<Buffer> {
  const handle = await blobs.openBlob(blob.digest, name);
  if ((await handle.stat()).size !== blob.size) {
    await handle.close();
    throw blobCorrupt(name, blob.digest, 'its size is another');
  }
  const decoder = createZstdDecompress({ chunkSize: 2 ** 18, params: DECODER_PARAMS });
  const file = handle.createReadStream({ highWaterMark: 2 ** 18 });
  // The errors of both ends surface in the loop below.
  pipeline(file, decoder, () => undefined);
  try {
    const chunks: AsyncIterable<Buffer> = decoder;
    yield* chunks;
  } catch (error) {
    throw blobCorrupt(name, blob.digest, messageOf(error));
  } finally {
    file.destroy();
    decoder.destroy();
  }
}

/**
 * The tar archive of a delta, decompressed as it is read. What has been read counts only when the
 * stream ends without an error: the diffID is checked at the end.
 */
export async function* openDelta(
  blobs: BlobFolder,
  pointer: LayerPointer,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const delta = await openLayer(blobs, pointer);
  const { name, blob, diffId, rawBytes } = delta;
  const hash = createHash('sha256');
  let length = 0;
  for await (const bytes of decompressed(blobs, delta)) {
    signal?.throwIfAborted();
    length += bytes.length;
    if (length > rawBytes) throw blobCorrupt(name, blob.digest, 'it holds more than was declared');
    hash.update(bytes);
    yield bytes;
  }
  if (`sha256:${hash.digest('hex')}` !== diffId) {
    throw blobCorrupt(name, blob.digest, 'its content is not that of its diffID');
  }
}
