import { chmod, mkdir, open, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hexOf, type Digest } from '../../core/digest.ts';
import { Failure, isFailure } from '../../core/failure.ts';
import type { LayerPointer } from '../../core/layer.ts';
import { isMissing } from '../../host/files.ts';
import { readChain } from '../../images/chain.ts';
import { openDisk } from '../../images/open-disk.ts';
import { createOverlay } from '../../images/qemu-img.ts';
import type { DiskFile } from '../../images/source.ts';
import type { LayerStore } from '../../store/store.ts';
import { findLinuxRoot } from '../ext4/find-root.ts';
import { writeExt4 } from '../ext4/write-ext4.ts';
import { basePath, signalOf, type EngineTools } from '../tools.ts';
import type { GuestWork } from './guest-task.ts';
import { injections } from './inject.ts';
import { linkBase } from './link-base.ts';
import { composedFolder, readManifest, writeManifest, type ComposeManifest } from './manifest.ts';
import { layOver } from './lay-over.ts';

/** What a composition is made of. */
export interface Composition {
  /** Follows from all the rest: the same id is always the same composition. */
  readonly id: string;
  readonly os: LayerPointer;
  /** Lowest first. */
  readonly deltas: readonly LayerPointer[];
  readonly guest: GuestWork;
}

/** What compose needs besides the tools of the engine. */
export interface ComposeTools extends EngineTools {
  readonly store: LayerStore;
}

/** A composition that is complete. */
export interface Composed {
  /** Read-only. It lies on the file `base.raw` beside it, which it names without its folder. */
  readonly disk: DiskFile;
  readonly manifest: ComposeManifest;
}

function diskIn(folder: string): DiskFile {
  return { path: join(folder, 'disk.qcow2'), format: 'qcow2' };
}

/**
 * False where a part of the cache was removed or torn, and the manifest was left. A base that is too short
 * would be read as zeros beyond its end.
 */
function isWhole(disk: DiskFile, sizeBytes: number, work: string): boolean {
  try {
    const { files } = readChain(disk, [work]);
    return files.every((file) => readChain(file, [work]).sizeBytes === sizeBytes);
  } catch (error) {
    if (isMissing(error) || isFailure(error)) return false;
    throw error;
  }
}

/** The composition in the folder of this name; undefined if it was never completed, or is not whole any more. */
export async function findComposed(work: string, name: string): Promise<Composed | undefined> {
  const folder = composedFolder(work, name);
  const manifest = await readManifest(folder);
  const disk = diskIn(folder);
  if (manifest === undefined || !isWhole(disk, manifest.sizeBytes, work)) return undefined;
  return { disk, manifest };
}

function labelOf({ repository, tag }: LayerPointer): string {
  return `${repository}:${tag}`;
}

/** Content digest of an OS version; it must be in the store exactly as the pointer says. */
export async function osContent(store: LayerStore, os: LayerPointer): Promise<Digest> {
  const found = await store.find(os.repository, os.tag);
  if (found?.manifest === os.manifest) return found.content;
  throw new Failure({
    consequence: 'Lost',
    code: 'OsNotStored',
    message: `the OS version ${labelOf(os)} is not in the store, or is another one there`,
    hint: 'It is made again from git; restore the store if its import file is gone.',
  });
}

/** The OS disk from the store at its place in the cache. */
async function readOs(os: LayerPointer, path: string, tools: ComposeTools): Promise<void> {
  const { store, progress } = tools;
  const read = () =>
    store.materialize(os, path, {
      ...signalOf(tools),
      onProgress: (done, total = done) => progress('Reading the OS disk', (done / total) * 50),
    });
  try {
    await read();
  } catch (error) {
    if (!isFailure(error) || error.code !== 'DiskFileInTheWay') throw error;
    // Its name says what it should hold, so it is that disk, and torn.
    await rm(path, { force: true });
    await read();
  }
}

/** The OS disk beside the overlay, so that both can be handed out together and outlive this folder. */
async function makeBase(
  { os, folder }: { readonly os: LayerPointer; readonly folder: string },
  content: Digest,
  tools: ComposeTools,
): Promise<DiskFile> {
  const path = basePath(tools.work, hexOf(content));
  await mkdir(dirname(path), { recursive: true });
  await readOs(os, path, tools);
  const base: DiskFile = { path: join(folder, 'base.raw'), format: 'raw' };
  await linkBase(path, base.path, tools);
  return base;
}

async function seal({ path }: DiskFile): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync();
  await handle.close();
  await chmod(path, 0o444);
}

async function build(
  wanted: Composition,
  base: DiskFile,
  tools: ComposeTools,
): Promise<Omit<ComposeManifest, 'os'>> {
  const { id, deltas, guest } = wanted;
  const { run, runDir, work, store, progress, signal } = tools;
  const disk = diskIn(composedFolder(work, id));
  const spool = join(dirname(disk.path), 'spool');
  const workDir = join(dirname(disk.path), 'write');
  for (const folder of [spool, workDir]) await mkdir(folder, { recursive: true });
  await createOverlay(run, { path: disk.path, backing: { ...base, path: basename(base.path) } });
  const source = await openDisk(base, { run, roots: [work] });
  try {
    const { partition, volume } = findLinuxRoot(source);
    const nonce = store.nonceOf(id);
    const layers = deltas.map((pointer) => ({
      name: labelOf(pointer),
      open: () => store.openDelta(pointer, signal),
    }));
    progress('Merging layers', 50);
    const wantedFiles = { layers, injections: await injections(volume, guest, nonce) };
    const laid = await layOver(volume, wantedFiles, {
      folder: spool,
      mostBytes: partition.sizeBytes,
      ...signalOf(tools),
    });
    progress('Writing the disk', 70);
    const { changes, injected, conflicts } = laid;
    await writeExt4({ disk, partition, changes, workDir, runDir, run, ...signalOf(tools) });
    const { sizeBytes } = source;
    const names = layers.map(({ name }) => name);
    const { role } = guest;
    return { format: 1, key: id, nonce, sizeBytes, layers: names, role, injected, conflicts };
  } finally {
    source.close();
    for (const folder of [spool, workDir]) await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Makes a composition, or finds it: where its manifest lies, it is complete. Whatever an interrupted run
 * left is thrown away. Made again it has the same files, the same manifest and the same nonce.
 */
export async function compose(wanted: Composition, tools: ComposeTools): Promise<Composed> {
  const { id, os } = wanted;
  const known = await findComposed(tools.work, id);
  if (known !== undefined) return known;
  const folder = composedFolder(tools.work, id);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    const content = await osContent(tools.store, os);
    const base = await makeBase({ os, folder }, content, tools);
    const built = await build(wanted, base, tools);
    const manifest = { ...built, os: content };
    const disk = diskIn(folder);
    await seal(disk);
    await writeManifest(folder, manifest);
    tools.progress('Composed', 100);
    return { disk, manifest };
  } catch (error) {
    // Nobody may try again for long, and the disk may be full.
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
