import { isDigest, type Digest } from '../core/digest.ts';
import { impossible } from '../core/failure.ts';
import { canonicalJson } from '../core/json.ts';
import type { LayerIdentity, StoredLayer } from '../core/layer.ts';
import type { BlobFolder } from './blobs.ts';
import type { Descriptor } from './descriptor.ts';
import type { IndexFile } from './index-file.ts';
import { layerConfig, type ConfigBody } from './layer-config.ts';
import { encodeManifest, nameOf, storedBytes } from './manifest.ts';
import { ANNOTATION, ARTIFACT_TYPES, CAP, CONFIG_TYPE, MANIFEST_TYPE } from './names.ts';

/** What the verbs of a store work on. */
export interface StoreParts {
  readonly blobs: BlobFolder;
  readonly index: IndexFile;
}

/** A layer whose blobs are stored, and which is entered now. */
export interface Publication {
  readonly layer: LayerIdentity;
  readonly layers: readonly Descriptor[];
  /** contentDigest or diffID. */
  readonly content: Digest;
  readonly config: ConfigBody;
  readonly annotations: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

const REPOSITORY =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const CREATED = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** Refuses names that registries would refuse, before any work is done. */
export function checkIdentity(layer: LayerIdentity): void {
  const { repository, tag, created, inputs } = layer;
  const problems = [
    repository.length <= 200 && REPOSITORY.test(repository) ? '' : `repository "${repository}"`,
    TAG.test(tag) ? '' : `tag "${tag}"`,
    CREATED.test(created) ? '' : `time "${created}"`,
    isDigest(inputs) ? '' : 'an inputs digest that is none',
  ].filter((problem) => problem !== '');
  if (problems.length === 0) return;
  throw impossible(
    'LayerNameInvalid',
    `layer ${layer.name} ${layer.version} cannot be stored with ${problems.join(', ')}`,
    'Use lower-case letters, digits, dots and dashes in names.',
  );
}

async function putMetadata(blobs: BlobFolder, bytes: Buffer, limit: number, layer: string) {
  if (bytes.length <= limit) return blobs.put(bytes);
  throw impossible(
    'LayerTooLarge',
    `layer ${layer}: its metadata would take ${bytes.length} bytes, and the limit is ${limit}`,
    'Make a smaller layer.',
  );
}

/** Writes config and manifest and enters the layer under its tag. Done already is done. */
export async function publishLayer(
  { blobs, index }: StoreParts,
  publication: Publication,
): Promise<StoredLayer> {
  const { layer, layers, content, signal } = publication;
  const { repository, tag } = layer;
  const name = nameOf(layer);
  const artifactType = ARTIFACT_TYPES[layer.role];
  const annotations = {
    [ANNOTATION.created]: layer.created,
    [ANNOTATION.version]: layer.version,
    [ANNOTATION.layerKind]: layer.role,
    [ANNOTATION.layerName]: layer.name,
    [ANNOTATION.content]: content,
    [ANNOTATION.inputs]: layer.inputs,
    ...publication.annotations,
  };
  const configBytes = Buffer.from(canonicalJson(layerConfig(layer, publication.config)));
  const configBlob = await putMetadata(blobs, configBytes, CAP.configBytes, name);
  const config = { mediaType: CONFIG_TYPE, ...configBlob };
  const bytes = encodeManifest({ artifactType, config, layers, annotations });
  const manifest = await putMetadata(blobs, bytes, CAP.manifestBytes, name);
  await blobs.sync();
  const sizeBytes = storedBytes(layers);
  const entry = {
    mediaType: MANIFEST_TYPE,
    ...manifest,
    artifactType,
    annotations: { ...annotations, [ANNOTATION.storedSize]: String(sizeBytes) },
  };
  await index.add(name, entry, signal);
  return { repository, tag, manifest: manifest.digest, content, sizeBytes };
}
