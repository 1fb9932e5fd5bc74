import { open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../core/failure.ts';
import type { LayerPointer } from '../core/layer.ts';
import { isMissing, syncFolder } from '../host/files.ts';
import { needRoom } from '../host/room.ts';
import type { BlobFolder } from './blobs.ts';
import { forEachBounded } from '../core/lanes.ts';
import { chunkOf, openDiskLayer, readChunk, type DiskLayer } from './disk-layer.ts';
import type { Progress } from './disk-reader.ts';
import { filledBytes, slotLength } from './disk-index.ts';
import { withPlace } from './failures.ts';
import { livenessOf, ownedName, ownerOfName } from './owner.ts';
import { writeSparse } from './sparse-file.ts';

/** How a long verb reports and is stopped. */
export interface WorkOptions {
  readonly onProgress?: Progress;
  readonly signal?: AbortSignal;
}

/** Chunks under way at once: about 70 MiB of memory. */
const LANES = 8;

async function removeDeadParts(folder: string, target: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`.${target}.`) || !name.endsWith('.part')) continue;
    const owner = ownerOfName(name);
    if (owner === undefined || livenessOf(owner) !== 'gone') continue;
    await rm(join(folder, name), { force: true });
  }
}

async function isDone(path: string, layer: DiskLayer): Promise<boolean> {
  try {
    const { size } = await stat(path);
    if (size === layer.index.diskBytes) return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  throw new Failure({
    consequence: 'Conflict',
    code: 'DiskFileInTheWay',
    message: `${path} exists and is not the disk of layer ${layer.name}`,
    hint: 'Move the file away.',
  });
}

interface Target {
  readonly handle: FileHandle;
  readonly folder: string;
}

async function fill(
  blobs: BlobFolder,
  layer: DiskLayer,
  { handle, folder }: Target,
  { onProgress, signal }: WorkOptions,
): Promise<void> {
  const { index } = layer;
  let doneBytes = 0;
  await handle.truncate(index.diskBytes);
  await forEachBounded(index.slots.keys(), LANES, async (slot) => {
    signal?.throwIfAborted();
    const chunk = chunkOf(layer, slot);
    if (chunk !== undefined) {
      await needRoom(folder, index.chunkBytes, 'the disk');
      await writeSparse(handle, slot * index.chunkBytes, await readChunk(blobs, chunk));
    }
    doneBytes += slotLength(index, slot);
    onProgress?.(doneBytes, index.diskBytes);
  });
  await handle.sync();
}

/**
 * Writes a disk as a sparse raw file, read-only. The final name appears when all is verified and
 * durable; a file that has it already is the disk.
 */
export async function materialize(
  blobs: BlobFolder,
  pointer: LayerPointer,
  path: string,
  options: WorkOptions,
): Promise<void> {
  const layer = await openDiskLayer(blobs, pointer);
  if (await isDone(path, layer)) return;
  const folder = dirname(path);
  await removeDeadParts(folder, basename(path));
  await needRoom(folder, filledBytes(layer.index), `the disk of layer ${layer.name}`);
  const part = join(folder, `.${basename(path)}.${ownedName()}.part`);
  const write = async () => {
    try {
      const handle = await open(part, 'wx', 0o444);
      try {
        await fill(blobs, layer, { handle, folder }, options);
      } finally {
        await handle.close();
      }
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    await syncFolder(folder);
  };
  await withPlace(path, write, filledBytes(layer.index));
}
