import type { Clock } from '../core/clock.ts';
import { isDigest } from '../core/digest.ts';
import type { LayerIndex, LayerPointer, StoredLayer } from '../core/layer.ts';
import { BlobFolder } from './blobs.ts';
import { FolderEvidence, type EvidenceStore } from './evidence.ts';
import { layerInvalid } from './failures.ts';
import { IndexFile } from './index-file.ts';
import type { IndexEntry } from './index-json.ts';
import { layoutOf, prepareLayout, nonceMaker } from './layout.ts';
import { StoreLock } from './lock.ts';
import { nameOf, readManifest, storedBytes } from './manifest.ts';
import { materialize, type WorkOptions } from './materialize.ts';
import { ANNOTATION } from './names.ts';
import { openDelta } from './open-delta.ts';
import type { StoreParts } from './publish.ts';
import { putDelta, type DeltaPut } from './put-delta.ts';
import { putDisk, type DiskPut } from './put-disk.ts';
import { readDisk, type StoredDisk } from './read-disk.ts';

/** The layer store. Every verb may be run again at any time, and by several processes at once. */
export interface LayerStore extends LayerIndex {
  readonly evidence: EvidenceStore;
  /** What a guest of this composition must repeat; the same for ever, and nothing a guest can guess. */
  nonceOf(composition: string): string;
  /** Stores a disk as an OS layer version. */
  putDisk(put: DiskPut): Promise<StoredLayer>;
  /** Writes a disk as a sparse, read-only raw file. */
  materialize(pointer: LayerPointer, path: string, options?: WorkOptions): Promise<void>;
  /** Opens a disk for random access. */
  readDisk(pointer: LayerPointer): Promise<StoredDisk>;
  /** Stores a tar archive as a platform or app layer version. */
  putDelta(put: DeltaPut): Promise<StoredLayer>;
  /** The tar archive of a delta; throws at its end if it is not what was stored. */
  openDelta(pointer: LayerPointer, signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** What a store was made with, beside its bytes. */
interface Installation {
  readonly installId: string;
  readonly evidence: EvidenceStore;
  readonly nonceOf: LayerStore['nonceOf'];
}

class FolderStore implements LayerStore {
  readonly installId: string;
  readonly evidence: EvidenceStore;
  readonly nonceOf: LayerStore['nonceOf'];
  private readonly parts: StoreParts;

  constructor({ installId, evidence, nonceOf }: Installation, parts: StoreParts) {
    this.installId = installId;
    this.evidence = evidence;
    this.nonceOf = nonceOf;
    this.parts = parts;
  }

  async find(repository: string, tag: string): Promise<StoredLayer | undefined> {
    const { named } = await this.parts.index.read();
    const entry = named.get(nameOf({ repository, tag }));
    if (entry === undefined) return undefined;
    const pointer = { repository, tag, manifest: entry.digest };
    return { ...pointer, ...(factsOf(entry) ?? (await this.factsOfManifest(pointer))) };
  }

  async listTags(repository: string): Promise<readonly string[]> {
    const { tags } = await this.parts.index.read();
    return tags.get(repository) ?? [];
  }

  putDisk(put: DiskPut): Promise<StoredLayer> {
    return putDisk(this.parts, put);
  }

  materialize(pointer: LayerPointer, path: string, options: WorkOptions = {}): Promise<void> {
    return materialize(this.parts.blobs, pointer, path, options);
  }

  readDisk(pointer: LayerPointer): Promise<StoredDisk> {
    return readDisk(this.parts.blobs, pointer);
  }

  putDelta(put: DeltaPut): Promise<StoredLayer> {
    return putDelta(this.parts, put);
  }

  openDelta(pointer: LayerPointer, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    return openDelta(this.parts.blobs, pointer, signal);
  }

  /** For manifests that another tool has copied here without our annotations. */
  private async factsOfManifest(pointer: LayerPointer) {
    const { annotations, layers } = await readManifest(this.parts.blobs, pointer);
    const content = annotations[ANNOTATION.content];
    if (!isDigest(content)) throw layerInvalid(nameOf(pointer), 'it has no content digest');
    return { content, sizeBytes: storedBytes(layers) };
  }
}

function factsOf({ annotations }: IndexEntry) {
  const content = annotations[ANNOTATION.content];
  const size = annotations[ANNOTATION.storedSize];
  if (!isDigest(content) || size === undefined || !/^\d{1,15}$/.test(size)) return undefined;
  return { content, sizeBytes: Number(size) };
}

/** Opens the store in a folder, and makes it when there is none. */
export async function openStore(
  folder: string,
  { clock }: { readonly clock: Clock },
): Promise<LayerStore> {
  const layout = layoutOf(folder);
  const installId = await prepareLayout(layout, clock);
  const index = new IndexFile(layout, new StoreLock(layout, clock));
  // One that cannot be read is told now, before anybody plans without it.
  await index.read();
  const evidence = new FolderEvidence(layout);
  const nonceOf = await nonceMaker(layout);
  const blobs = new BlobFolder(layout, clock);
  return new FolderStore({ installId, evidence, nonceOf }, { blobs, index });
}
