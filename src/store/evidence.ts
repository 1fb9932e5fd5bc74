import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ComposedRecord, Evidence, InspectionRecord } from '../core/evidence.ts';
import { codeOf, impossible } from '../core/failure.ts';
import { syncFolder } from '../host/files.ts';
import { parseComposed, parseInspection } from './evidence-json.ts';
import { withPlace } from './failures.ts';
import { temporaryFile, type Layout } from './layout.ts';

/** Evidence with the verbs that leave it; jobs write, controllers read and forget. */
export interface EvidenceStore extends Evidence {
  putComposed(record: ComposedRecord): Promise<void>;
  putInspection(record: InspectionRecord): Promise<void>;
}

const MOST_BYTES = 65_536;
const NAME = /^[a-z0-9][a-z0-9.-]{0,200}$/;

function fileIn(folder: string, name: string): string {
  if (NAME.test(name)) return join(folder, `${name}.json`);
  const message = `${JSON.stringify(name)} is no name of evidence`;
  throw impossible('BadEvidenceName', message, 'Report this with the message.');
}

/** Not there, or something that is no file of ours: a link, a folder. */
function isNoFile(error: unknown): boolean {
  const codes: readonly unknown[] = ['ENOENT', 'ELOOP', 'ENXIO'];
  return codes.includes(codeOf(error));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value in a file; undefined for whatever is none of ours. What cannot be read at all throws. */
async function readJson(path: string): Promise<unknown> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let handle;
  try {
    handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (isNoFile(error)) return undefined;
    throw error;
  }
  try {
    const found = await handle.stat();
    if (!found.isFile() || found.size > MOST_BYTES) return undefined;
    return parsed(await handle.readFile('utf8'));
  } finally {
    await handle.close();
  }
}

/** One small file a record, replaced as a whole, so that any number of processes may read and write. */
export class FolderEvidence implements EvidenceStore {
  private readonly layout: Layout;

  constructor(layout: Layout) {
    this.layout = layout;
  }

  async composed(id: string): Promise<ComposedRecord | undefined> {
    return parseComposed(await readJson(fileIn(this.layout.composed, id)), id);
  }

  async inspection(key: string): Promise<InspectionRecord | undefined> {
    return parseInspection(await readJson(fileIn(this.layout.inspections, key)), key);
  }

  putComposed(record: ComposedRecord): Promise<void> {
    return this.put(fileIn(this.layout.composed, record.id), record);
  }

  putInspection(record: InspectionRecord): Promise<void> {
    return this.put(fileIn(this.layout.inspections, record.key), record);
  }

  async forgetComposed(id: string): Promise<void> {
    await rm(fileIn(this.layout.composed, id), { force: true });
  }

  async forgetInspection(key: string): Promise<void> {
    await rm(fileIn(this.layout.inspections, key), { force: true });
  }

  private put(path: string, record: unknown): Promise<void> {
    return withPlace(path, async () => {
      const content = `${JSON.stringify(record)}\n`;
      await rename(await temporaryFile(this.layout, { content }), path);
      await syncFolder(dirname(path));
    });
  }
}
