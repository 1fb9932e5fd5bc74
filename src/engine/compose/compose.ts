import { chmod, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hexOf, type Digest } from '../../core/digest.ts';
import { Failure } from '../../core/failure.ts';
import type { LayerPointer } from '../../core/layer.ts';
import { openDisk } from '../../images/open-disk.ts';
import { createOverlay } from '../../images/qemu-img.ts';
import type { DiskFile } from '../../images/source.ts';
import type { LayerStore } from '../../store/store.ts';
import { findLinuxRoot } from '../ext4/find-root.ts';
import { writeExt4 } from '../ext4/write-ext4.ts';
import { basePath, signalOf, type EngineTools } from '../tools.ts';
import type { GuestWork } from './guest-task.ts';
import { injections } from './inject.ts';
import { composedFolder, readManifest, writeManifest, type ComposeManifest } from './manifest.ts';
import { planComposition } from './plan.ts';

/** What a composition is made of. */
export interface Composition {
  readonly key: string;
  readonly os: LayerPointer;
  /** Lowest first. */
  readonly deltas: readonly LayerPointer[];
  readonly guest: GuestWork;
}

/** What compose needs besides the tools of the engine. */
export interface ComposeTools extends EngineTools {
  readonly store: LayerStore;
  /** Makes a value that no guest can guess. */
  readonly nonce: () => string;
}

/** The composed disk of a key. */
export function composedDisk(work: string, key: string): DiskFile {
  return { path: join(composedFolder(work, key), 'disk.qcow2'), format: 'qcow2' };
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

async function makeBase(os: LayerPointer, content: Digest, tools: ComposeTools): Promise<DiskFile> {
  const { store, work, progress } = tools;
  const path = basePath(work, hexOf(content));
  await mkdir(dirname(path), { recursive: true });
  await store.materialize(os, path, {
    ...signalOf(tools),
    onProgress: (done, total = done) => progress('Reading the OS disk', (done / total) * 50),
  });
  return { path, format: 'raw' };
}

async function sealDisk({ path }: DiskFile): Promise<void> {
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
  const { key, deltas, guest } = wanted;
  const { run, runDir, work, store, progress, signal } = tools;
  const disk = composedDisk(work, key);
  const spool = join(dirname(disk.path), 'spool');
  const workDir = join(dirname(disk.path), 'write');
  for (const folder of [spool, workDir]) await mkdir(folder, { recursive: true });
  await createOverlay(run, { path: disk.path, backing: base });
  const source = await openDisk(base, { run, roots: [work] });
  try {
    const { partition, volume } = findLinuxRoot(source);
    const nonce = tools.nonce();
    const layers = deltas.map((pointer) => ({
      name: labelOf(pointer),
      open: () => store.openDelta(pointer, signal),
    }));
    progress('Merging layers', 50);
    const wantedFiles = { layers, injections: await injections(volume, guest, nonce) };
    const plan = await planComposition(volume, wantedFiles, { folder: spool, ...signalOf(tools) });
    progress('Writing the disk', 70);
    const { changes, injected, conflicts } = plan;
    await writeExt4({ disk, partition, changes, workDir, runDir, run, ...signalOf(tools) });
    const { sizeBytes } = source;
    const names = layers.map(({ name }) => name);
    const { role } = guest;
    return { format: 1, key, nonce, sizeBytes, layers: names, role, injected, conflicts };
  } finally {
    source.close();
    for (const folder of [spool, workDir]) await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Makes the composition of a key, or finds it: where its manifest lies, it is complete. Whatever an
 * interrupted run left is thrown away.
 */
export async function compose(wanted: Composition, tools: ComposeTools): Promise<ComposeManifest> {
  const folder = composedFolder(tools.work, wanted.key);
  const known = await readManifest(folder);
  if (known !== undefined) return known;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const content = await osContent(tools.store, wanted.os);
  const base = await makeBase(wanted.os, content, tools);
  const built = await build(wanted, base, tools);
  const manifest = { ...built, os: content };
  await sealDisk(composedDisk(tools.work, wanted.key));
  await writeManifest(folder, manifest);
  tools.progress('Composed', 100);
  return manifest;
}
