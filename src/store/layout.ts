import { randomUUID } from 'node:crypto';
import { access, link, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { impossible } from '../core/failure.ts';
import { isMissing, syncFolder } from '../host/files.ts';
import { IMAGE_INDEX_TYPE } from './names.ts';

/** Where the parts of a store lie. */
export interface Layout {
  readonly root: string;
  readonly indexJson: string;
  readonly blobs: string;
  /** Files that are not finished yet, on the same file system as the blobs. */
  readonly ingest: string;
  readonly lock: string;
  readonly installId: string;
}

/** Unfinished files of crashed writers are removed at start when nobody has touched them so long. */
const LEFTOVER_MS = 3_600_000;

const OCI_LAYOUT = '{"imageLayoutVersion":"1.0.0"}';
const EMPTY_INDEX = JSON.stringify({
  schemaVersion: 2,
  mediaType: IMAGE_INDEX_TYPE,
  manifests: [],
});

/** The names in a store. */
export function layoutOf(root: string): Layout {
  const own = join(root, '.lamina');
  return {
    root,
    indexJson: join(root, 'index.json'),
    blobs: join(root, 'blobs', 'sha256'),
    ingest: join(own, 'ingest'),
    lock: join(own, 'lock'),
    installId: join(own, 'install-id'),
  };
}

/** True when an error says that a name is taken. */
function isTaken(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST';
}

/**
 * Creates a file with all of its content, or leaves the one that is there: of several processes
 * that try at once exactly one wins. Returns whether it was this one.
 */
export async function createOnce(layout: Layout, path: string, content: string): Promise<boolean> {
  const temporary = join(layout.ingest, randomUUID());
  const handle = await open(temporary, 'wx', 0o644);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function createMissing(layout: Layout, path: string, content: string): Promise<void> {
  try {
    await access(path);
  } catch {
    await createOnce(layout, path, content);
  }
}

async function removeLeftovers(layout: Layout, clock: Clock): Promise<void> {
  for (const name of await readdir(layout.ingest)) {
    const path = join(layout.ingest, name);
    try {
      if (clock.now() - (await stat(path)).mtimeMs > LEFTOVER_MS) await rm(path, { force: true });
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
}

async function checkVersion(layout: Layout): Promise<void> {
  const text = await readFile(join(layout.root, 'oci-layout'), 'utf8');
  if (/"imageLayoutVersion"\s*:\s*"1\.\d+\.\d+"/.test(text)) return;
  throw impossible(
    'StoreInvalid',
    `${layout.root} is not an OCI image layout of version 1`,
    'Give an empty folder, or the folder of a store.',
  );
}

/** Makes what is missing of a store and clears what crashed writers left. Returns its install id. */
export async function prepareLayout(layout: Layout, clock: Clock): Promise<string> {
  await mkdir(layout.ingest, { recursive: true });
  await mkdir(layout.blobs, { recursive: true });
  await createMissing(layout, join(layout.root, 'oci-layout'), OCI_LAYOUT);
  await checkVersion(layout);
  await createMissing(layout, layout.indexJson, EMPTY_INDEX);
  await createMissing(layout, layout.installId, `${randomUUID()}\n`);
  for (const folder of [join(layout.root, '.lamina'), layout.root]) await syncFolder(folder);
  await removeLeftovers(layout, clock);
  return (await readFile(layout.installId, 'utf8')).trim();
}
