import { createHash, type Hash } from 'node:crypto';
import { readSync, openSync, closeSync } from 'node:fs';
import { open, rename, rm, stat, utimes, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { hexOf, sha256, type Digest } from '../core/digest.ts';
import { isMissing, syncFolder } from '../host/files.ts';
import { needRoom } from '../host/room.ts';
import { blobCorrupt, blobMissing, layerInvalid, withPlace } from './failures.ts';
import type { Layout } from './layout.ts';
import { ownedName } from './owner.ts';

/** A blob that is in the store. */
export interface StoredBlob {
  readonly digest: Digest;
  readonly size: number;
}

/** A part of a blob that some layer needs. */
export interface BlobPart {
  /** For messages. */
  readonly layer: string;
  readonly digest: Digest;
  readonly offset: number;
  readonly length: number;
}

/** A blob in the making, for content that comes as a stream. */
export class Ingest {
  private readonly blobs: BlobFolder;
  private readonly path: string;
  private readonly handle: FileHandle;
  private readonly hash: Hash = createHash('sha256');
  private size = 0;

  constructor(blobs: BlobFolder, path: string, handle: FileHandle) {
    this.blobs = blobs;
    this.path = path;
    this.handle = handle;
  }

  /** Appends. */
  async write(bytes: Uint8Array): Promise<void> {
    await needRoom(dirname(this.path), bytes.length, 'a part of a layer');
    this.hash.update(bytes);
    this.size += bytes.length;
    await this.handle.writeFile(bytes);
  }

  /** Makes it a blob; nothing else may follow. */
  async commit(): Promise<StoredBlob> {
    const blob: StoredBlob = { digest: `sha256:${this.hash.digest('hex')}`, size: this.size };
    await this.handle.sync();
    await this.handle.close();
    await rename(this.path, this.blobs.path(blob.digest));
    return blob;
  }

  /** Forgets it after an error. */
  async abandon(): Promise<void> {
    await this.handle.close().catch(() => undefined);
    await rm(this.path, { force: true });
  }
}

/** The folder of blobs: content under the name of its digest, never changed once it is there. */
export class BlobFolder {
  private readonly layout: Layout;
  private readonly clock: Clock;

  constructor(layout: Layout, clock: Clock) {
    this.layout = layout;
    this.clock = clock;
  }

  /** Where a blob lies. */
  path(digest: Digest): string {
    return join(this.layout.blobs, hexOf(digest));
  }

  /**
   * Whether a blob is there with its size. Marks it as used now, so that a sweep of unused blobs
   * spares what a writer has just found.
   */
  async keep({ digest, size }: StoredBlob): Promise<boolean> {
    const path = this.path(digest);
    try {
      if ((await stat(path)).size !== size) return false;
      const now = this.clock.now() / 1000;
      await utimes(path, now, now);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  /** Stores some bytes, unless they are there. The name is durable after `sync`. */
  async put(bytes: Uint8Array): Promise<StoredBlob> {
    const blob = { digest: sha256(bytes), size: bytes.length };
    if (await this.keep(blob)) return blob;
    return this.stream((ingest) => ingest.write(bytes));
  }

  /** Stores what `fill` writes. */
  stream(fill: (ingest: Ingest) => Promise<void>): Promise<StoredBlob> {
    return withPlace(this.layout.root, async () => {
      const path = join(this.layout.ingest, ownedName());
      const ingest = new Ingest(this, path, await open(path, 'wx', 0o444));
      try {
        await fill(ingest);
        return await ingest.commit();
      } catch (error) {
        await ingest.abandon();
        throw error;
      }
    });
  }

  /** Makes the names of all blobs durable. */
  sync(): Promise<void> {
    return syncFolder(this.layout.blobs);
  }

  /** A whole blob, checked against its digest. Only for metadata: `limit` bounds the memory. */
  async read(
    blob: { readonly digest: Digest; readonly size?: number },
    limit: number,
    layer: string,
  ): Promise<Buffer> {
    const { digest, size } = blob;
    const handle = await this.openBlob(digest, layer);
    try {
      const actual = (await handle.stat()).size;
      if (Math.max(actual, size ?? 0) > limit) {
        throw layerInvalid(layer, `blob ${digest} is larger than ${limit} bytes`);
      }
      const bytes = await handle.readFile();
      if (sha256(bytes) !== digest || bytes.length !== (size ?? actual)) {
        throw blobCorrupt(layer, digest, 'size or digest is another');
      }
      return bytes;
    } finally {
      await handle.close();
    }
  }

  /** Some bytes of a blob. The caller checks them. */
  async readPart({ layer, digest, offset, length }: BlobPart): Promise<Buffer> {
    const handle = await this.openBlob(digest, layer);
    try {
      const target = Buffer.allocUnsafeSlow(length);
      const { bytesRead } = await handle.read(target, 0, length, offset);
      if (bytesRead !== length) throw blobCorrupt(layer, digest, 'it is too short');
      return target;
    } finally {
      await handle.close();
    }
  }

  /** The same for readers that cannot wait. */
  readPartSync({ layer, digest, offset, length }: BlobPart): Buffer {
    let file: number;
    try {
      file = openSync(this.path(digest), 'r');
    } catch (error) {
      throw isMissing(error) ? blobMissing(layer, digest) : error;
    }
    try {
      const target = Buffer.allocUnsafeSlow(length);
      if (readSync(file, target, 0, length, offset) !== length) {
        throw blobCorrupt(layer, digest, 'it is too short');
      }
      return target;
    } finally {
      closeSync(file);
    }
  }

  /** Opens a blob for reading. */
  async openBlob(digest: Digest, layer: string): Promise<FileHandle> {
    try {
      return await open(this.path(digest), 'r');
    } catch (error) {
      throw isMissing(error) ? blobMissing(layer, digest) : error;
    }
  }
}
