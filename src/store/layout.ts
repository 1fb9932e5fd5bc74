import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { access, link, mkdir, open, opendir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { codeOf, impossible } from '../core/failure.ts';
import { isFile, isMissing, syncFolder } from '../host/files.ts';
import { indexLost, withPlace } from './failures.ts';
import { IMAGE_INDEX_TYPE } from './names.ts';
import { livenessOf, ownedName, ownerOfName } from './owner.ts';

/** Where the parts of a store lie. */
export interface Layout {
  readonly root: string;
  readonly indexJson: string;
  /** The same content, to restore it from. */
  readonly indexCopy: string;
  readonly blobs: string;
  /** Files that are not finished yet, on the same file system as the blobs. */
  readonly ingest: string;
  readonly lock: string;
  readonly installId: string;
  /** What nonces are derived with; readable for its owner only. */
  readonly secret: string;
  readonly composed: string;
  readonly inspections: string;
}

/** Unfinished files whose writer cannot be looked at are removed at start when nobody has touched them so long. */
const LEFTOVER_MS = 3_600_000;

const SECRET_BYTES = 32;

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
    indexCopy: join(own, 'index.json.bak'),
    blobs: join(root, 'blobs', 'sha256'),
    ingest: join(own, 'ingest'),
    lock: join(own, 'lock.db'),
    installId: join(own, 'install-id'),
    secret: join(own, 'secret'),
    composed: join(own, 'evidence', 'composed'),
    inspections: join(own, 'evidence', 'inspections'),
  };
}

/** What a new file holds, and who may read it. */
interface NewFile {
  readonly content: string;
  /** 0644 by default. */
  readonly mode?: number;
}

/** True when an error says that a name is taken. */
function isTaken(error: unknown): boolean {
  return codeOf(error) === 'EEXIST';
}

/** A finished file where the leftovers of killed writers are removed; it still has to get its name. */
export async function temporaryFile(
  { ingest }: Layout,
  { content, mode = 0o644 }: NewFile,
): Promise<string> {
  const path = join(ingest, ownedName());
  try {
    const handle = await open(path, 'wx', mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return path;
}

/**
 * Creates a file with all of its content, or leaves the one that is there: of several processes
 * that try at once exactly one wins. Returns whether it was this one.
 */
async function createOnce(layout: Layout, path: string, file: NewFile): Promise<boolean> {
  const temporary = await temporaryFile(layout, file);
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

async function createMissing(layout: Layout, path: string, file: () => NewFile): Promise<void> {
  try {
    await access(path);
  } catch {
    await createOnce(layout, path, file());
  }
}

/** By its owner where that can be looked at: the time of a file means little once somebody set the clock. */
async function isLeftover(path: string, clock: Clock): Promise<boolean> {
  const owner = ownerOfName(basename(path));
  const liveness = owner === undefined ? 'unknown' : livenessOf(owner);
  if (liveness !== 'unknown') return liveness === 'gone';
  return clock.now() - (await stat(path)).mtimeMs > LEFTOVER_MS;
}

async function removeLeftovers(layout: Layout, clock: Clock): Promise<void> {
  for (const name of await readdir(layout.ingest)) {
    const path = join(layout.ingest, name);
    try {
      if (await isLeftover(path, clock)) await rm(path, { force: true });
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

async function isEmpty(folder: string): Promise<boolean> {
  const entries = await opendir(folder);
  try {
    return (await entries.read()) === null;
  } finally {
    await entries.close();
  }
}

/**
 * Blobs without an index are a store that lost it: an empty one in its place would have everything
 * built anew. The blobs are looked at first, since a store that is just being made has its index before them.
 */
async function checkIndex(layout: Layout): Promise<void> {
  if (await isEmpty(layout.blobs)) return;
  if (!(await isFile(layout.indexJson))) throw indexLost(layout, 'is missing');
}

/** Makes what is missing of a store and clears what crashed writers left. Returns its install id. */
export function prepareLayout(layout: Layout, clock: Clock): Promise<string> {
  return withPlace(layout.root, () => prepare(layout, clock));
}

async function prepare(layout: Layout, clock: Clock): Promise<string> {
  const { ingest, blobs, composed, inspections } = layout;
  for (const folder of [ingest, blobs]) await mkdir(folder, { recursive: true });
  for (const folder of [composed, inspections]) {
    const made = await mkdir(folder, { recursive: true });
    if (made !== undefined) await syncFolder(dirname(folder));
  }
  await checkIndex(layout);
  await createMissing(layout, join(layout.root, 'oci-layout'), () => ({ content: OCI_LAYOUT }));
  await checkVersion(layout);
  await createMissing(layout, layout.indexJson, () => ({ content: EMPTY_INDEX }));
  await createMissing(layout, layout.installId, () => ({ content: `${randomUUID()}\n` }));
  // Stores of older releases have none: nothing was derived from it yet.
  await createMissing(layout, layout.secret, () => ({
    content: `${randomBytes(SECRET_BYTES).toString('hex')}\n`,
    mode: 0o600,
  }));
  for (const folder of [join(layout.root, '.lamina'), layout.root]) await syncFolder(folder);
  await removeLeftovers(layout, clock);
  return (await readFile(layout.installId, 'utf8')).trim();
}

const NONCE_DIGITS = 32;

/**
 * Derives nonces with the installation's secret. It stays in this closure, so that nothing that prints
 * a store can show it.
 */
export async function nonceMaker(layout: Layout): Promise<(composition: string) => string> {
  const text = (await readFile(layout.secret, 'utf8')).trim();
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw impossible(
      'StoreInvalid',
      `${layout.secret} does not hold the secret of an installation`,
      'Restore it from a copy of the store; with another one, machines made before must be made again.',
    );
  }
  const secret = Buffer.from(text, 'hex');
  return (composition) =>
    createHmac('sha256', secret).update(composition).digest('hex').slice(0, NONCE_DIGITS);
}
