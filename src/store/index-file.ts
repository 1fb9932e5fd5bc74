import type { BigIntStats } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure, impossible } from '../core/failure.ts';
import { isMissing, syncFolder } from '../host/files.ts';
import type { Descriptor } from './descriptor.ts';
import { indexLost, withPlace } from './failures.ts';
import { parseIndexJson, withManifest, type IndexDocument } from './index-json.ts';
import { temporaryFile, type Layout } from './layout.ts';
import type { StoreLock } from './lock.ts';
import { ANNOTATION, CAP } from './names.ts';

/** A manifest as it is entered in `index.json`. */
export interface ManifestEntry extends Descriptor {
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Cached {
  readonly version: string;
  readonly document: Promise<IndexDocument>;
}

function versionOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

/** `index.json`: read by anybody at any time, replaced as a whole under the lock. */
export class IndexFile {
  private readonly layout: Layout;
  private readonly lock: StoreLock;
  private cached: Cached | undefined;

  constructor(layout: Layout, lock: StoreLock) {
    this.layout = layout;
    this.lock = lock;
  }

  /** The document as it is now; one `stat` when it has not changed, and read once for all who ask. */
  async read(): Promise<IndexDocument> {
    const version = await this.version();
    if (this.cached?.version === version) return this.cached.document;
    const cached = { version, document: this.load() };
    this.cached = cached;
    cached.document.catch(() => {
      if (this.cached === cached) this.cached = undefined;
    });
    return cached.document;
  }

  private async version(): Promise<string> {
    try {
      return versionOf(await stat(this.layout.indexJson, { bigint: true }));
    } catch (error) {
      throw isMissing(error) ? indexLost(this.layout, 'is missing') : error;
    }
  }

  /** May find a newer document than the one that was asked about; then the next look reads again. */
  private async load(): Promise<IndexDocument> {
    const path = this.layout.indexJson;
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      if (size > CAP.indexJsonBytes) {
        throw impossible('StoreInvalid', `${path} is too large`, 'Split the store.');
      }
      return await parseIndexJson(await handle.readFile('utf8'), this.layout);
    } finally {
      await handle.close();
    }
  }

  /** Enters a manifest under its name. A name never changes its manifest. */
  add(name: string, entry: ManifestEntry, signal?: AbortSignal): Promise<void> {
    return withPlace(this.layout.root, () => this.lock.hold(() => this.enter(name, entry), signal));
  }

  private async enter(name: string, entry: ManifestEntry): Promise<void> {
    const document = await this.read();
    const present = document.named.get(name);
    if (present?.digest === entry.digest) return;
    if (present !== undefined) throw taken(name, present.digest, entry.digest);
    const annotations = { ...entry.annotations, [ANNOTATION.refName]: name };
    await this.replace(withManifest(document, { ...entry, annotations }));
  }

  /** The copy first: it never lacks what somebody was told to be stored. */
  private async replace(text: string): Promise<void> {
    await this.write(text, this.layout.indexCopy);
    await this.write(text, this.layout.indexJson);
  }

  private async write(content: string, path: string): Promise<void> {
    await rename(await temporaryFile(this.layout, { content }), path);
    await syncFolder(dirname(path));
  }
}

function taken(name: string, present: string, wanted: string): Failure {
  return new Failure({
    consequence: 'Conflict',
    code: 'TagTaken',
    message: `${name} is in the store as ${present} and cannot become ${wanted}`,
    hint: 'Tags never change: use the version that is there, or give the new one another name.',
  });
}
