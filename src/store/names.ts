/** Every fixed string and number of the stored format. What is written here stays readable for ever. */

/** Media types of OCI that we write. */
export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
export const IMAGE_INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
export const DELTA_TYPE = 'application/vnd.oci.image.layer.v1.tar+zstd';

/** Media types of our own. */
export const CONFIG_TYPE = 'application/vnd.lamina.layer.config.v1+json';
export const DISK_INDEX_TYPE = 'application/vnd.lamina.disk.index.v1';
export const ZSTD_CHUNK_TYPE = 'application/vnd.lamina.disk.chunk.v1+zstd';
export const RAW_CHUNK_TYPE = 'application/vnd.lamina.disk.chunk.v1';
export const PACK_TYPE = 'application/vnd.lamina.disk.pack.v1+zstd';

/** Artifact type of a layer, by its role. */
export const ARTIFACT_TYPES = {
  os: 'application/vnd.lamina.layer.os.v1',
  platform: 'application/vnd.lamina.layer.platform.v1',
  app: 'application/vnd.lamina.layer.app.v1',
} as const;

/** Keys of annotations. */
export const ANNOTATION = {
  refName: 'org.opencontainers.image.ref.name',
  title: 'org.opencontainers.image.title',
  created: 'org.opencontainers.image.created',
  version: 'org.opencontainers.image.version',
  baseName: 'org.opencontainers.image.base.name',
  baseDigest: 'org.opencontainers.image.base.digest',
  layerKind: 'dev.lamina.layer.kind',
  layerName: 'dev.lamina.layer.name',
  content: 'dev.lamina.content.digest',
  inputs: 'dev.lamina.inputs',
  parent: 'dev.lamina.parent.digest',
  diskSize: 'dev.lamina.disk.size',
  diskChunk: 'dev.lamina.disk.chunk',
  osBuild: 'dev.lamina.os.build',
  /** In `index.json` only: the sum of the layer's blobs, so that `find` opens no manifest. */
  storedSize: 'dev.lamina.stored.size',
} as const;

/**
 * Who wrote a layer. The version is that of the writer's format and not of the package: the same
 * input must give the same bytes after an upgrade, or a rerun would clash with its own tag.
 */
export const TOOL = { name: 'lamina', version: '1' } as const;

/** Size of a chunk of a disk, and of the piece of a tar stream that becomes one zstd frame. */
export const CHUNK_BYTES = 4 * 2 ** 20;

/** Most distinct chunks of one disk: a manifest of 2.4 MiB, which every registry takes. */
export const MAX_CHUNKS = 16_384;

/** The one compression level, so that the same content has the same digests everywhere. */
export const ZSTD_LEVEL = 3;

/** Most bytes of metadata that a reader takes in. */
export const CAP = {
  manifestBytes: 4 * 2 ** 20,
  configBytes: 2 ** 20,
  indexBytes: 64 * 2 ** 20,
  indexJsonBytes: 64 * 2 ** 20,
} as const;
