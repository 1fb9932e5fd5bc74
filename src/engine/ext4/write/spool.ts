import { mkdir, stat, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ContentSource } from '../../volume.ts';
import type { StoredContent } from './wanted-node.ts';
import { checkText } from './words.ts';

/** Keeps contents and attribute values as files, because debugfs takes them from files only. */
export class Spool {
  private readonly folder: string;
  private readonly values = new Map<string, string>();
  private count = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** A spool in a folder of its own. */
  static async open(folder: string): Promise<Spool> {
    checkText(folder, 'the work directory');
    await mkdir(folder, { recursive: true });
    return new Spool(folder);
  }

  /** The content of a file; what is a file already stays where it is. */
  async content(source: ContentSource | undefined): Promise<StoredContent> {
    if (source?.from === 'file') {
      checkText(source.path, 'the path of a content');
      const { size, blocks } = await stat(source.path);
      const { path, data = [{ start: 0, length: size }] } = source;
      return { path, sizeBytes: size, storedBytes: Math.min(size, blocks * 512), data };
    }
    const bytes = source?.bytes ?? new Uint8Array(0);
    const { length } = bytes;
    const data = [{ start: 0, length }];
    return { path: await this.add(bytes), sizeBytes: length, storedBytes: length, data };
  }

  /** An attribute value; equal values share a file. */
  async value(bytes: Uint8Array): Promise<string> {
    const key = createHash('sha256').update(bytes).digest('hex');
    const known = this.values.get(key);
    if (known !== undefined) return known;
    const path = await this.add(bytes);
    this.values.set(key, path);
    return path;
  }

  private async add(bytes: Uint8Array): Promise<string> {
    this.count += 1;
    const path = join(this.folder, String(this.count));
    await writeFile(path, bytes);
    return path;
  }
}
