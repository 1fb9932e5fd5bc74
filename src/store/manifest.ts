import { canonicalJson, isObject } from '../core/json.ts';
import type { LayerPointer } from '../core/layer.ts';
import type { BlobFolder } from './blobs.ts';
import { readAnnotations, readDescriptor, type Descriptor } from './descriptor.ts';
import { layerInvalid } from './failures.ts';
import { CAP, CONFIG_TYPE, MANIFEST_TYPE } from './names.ts';

/** An image manifest, used as an artifact. */
export interface Manifest {
  readonly artifactType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** The name of a layer version, in references and in messages. */
export function nameOf({ repository, tag }: { repository: string; tag: string }): string {
  return `${repository}:${tag}`;
}

/** The bytes of a manifest; equal manifests have equal bytes. */
export function encodeManifest(manifest: Manifest): Buffer {
  return Buffer.from(canonicalJson({ schemaVersion: 2, mediaType: MANIFEST_TYPE, ...manifest }));
}

function parseObject(bytes: Buffer, layer: string, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (isObject(value)) return value;
  } catch {
    // Told below.
  }
  throw layerInvalid(layer, `its ${what} is not a JSON object`);
}

/** Reads a manifest of one of our artifact types. */
function decodeManifest(bytes: Buffer, layer: string): Manifest {
  const value = parseObject(bytes, layer, 'manifest');
  const { mediaType, artifactType, layers } = value;
  if (mediaType !== MANIFEST_TYPE) throw layerInvalid(layer, 'it is not an image manifest');
  if (typeof artifactType !== 'string') throw layerInvalid(layer, 'it has no artifact type');
  if (!Array.isArray(layers)) throw layerInvalid(layer, 'its manifest lists no layers');
  return {
    artifactType,
    config: readDescriptor(value['config'], layer),
    layers: layers.map((entry) => readDescriptor(entry, layer)),
    annotations: readAnnotations(value['annotations']),
  };
}

/** Reads the manifest that a pointer names, checked against its digest. */
export async function readManifest(blobs: BlobFolder, pointer: LayerPointer): Promise<Manifest> {
  const layer = nameOf(pointer);
  const bytes = await blobs.read({ digest: pointer.manifest }, CAP.manifestBytes, layer);
  return decodeManifest(bytes, layer);
}

/** Reads the config of a layer. */
export async function readConfig(
  blobs: BlobFolder,
  { config }: Manifest,
  layer: string,
): Promise<Record<string, unknown>> {
  if (config.mediaType !== CONFIG_TYPE) throw layerInvalid(layer, 'its config is not one of ours');
  return parseObject(await blobs.read(config, CAP.configBytes, layer), layer, 'config');
}

/** Bytes that a layer takes in the store: its blobs without manifest and config. */
export function storedBytes(layers: readonly { readonly size: number }[]): number {
  return layers.reduce((sum, { size }) => sum + size, 0);
}
