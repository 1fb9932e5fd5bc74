import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hexOf } from '../../core/digest.ts';
import type { StoredLayer } from '../../core/layer.ts';
import { openDisk, type OpenDisk } from '../../images/open-disk.ts';
import { createOverlay } from '../../images/qemu-img.ts';
import type { DiskFile } from '../../images/source.ts';
import { osContent } from '../compose/compose.ts';
import { GUEST_HOME } from '../compose/inject.ts';
import type { Injected } from '../compose/manifest.ts';
import { childPath } from '../delta/path.ts';
import { findLinuxRoot } from '../ext4/find-root.ts';
import { writeExt4 } from '../ext4/write-ext4.ts';
import { basePath, signalOf, type EngineTools } from '../tools.ts';
import type { VolumeChange, VolumeReader } from '../volume.ts';
import type { CaptureTools, CaptureWanted } from './capture-delta.ts';
import { filesAbove, openMachineDisk } from './machine-disk.ts';
import { RangeSet } from './changed-blocks.ts';

/**
 * Removes what compose injected: files always, directories that it made if nothing else is in them,
 * and the home of the guest tool with all that the tool wrote.
 */
function scrubChanges(
  volume: VolumeReader,
  injected: readonly Injected[],
): readonly VolumeChange[] {
  const gone = new Set<string>();
  const isLeft = ({ path, type }: Injected) => {
    const inode = volume.lookup(path);
    if (inode === undefined) return false;
    if (type !== 'directory' || path === GUEST_HOME) return true;
    if (volume.meta(inode).type !== 'directory') return false;
    return volume.list(inode).every(({ name }) => gone.has(childPath(path, name)));
  };
  // The innermost first, so that a directory is seen after what is in it.
  for (const one of [...injected].sort((a, b) => b.path.length - a.path.length)) {
    if (isLeft(one)) gone.add(one.path);
  }
  const outermost = [...gone].filter((path) =>
    [...gone].every((other) => !path.startsWith(`${other}/`)),
  );
  return outermost.sort().map((path) => ({ op: 'remove', path }));
}

/** Tells which ranges are those of the OS version below, where the chain shows it. */
function unchangedSince(disk: OpenDisk, base: string) {
  const depth = filesAbove(disk.chain, base);
  if (depth === undefined) return {};
  const written = new RangeSet(disk.extents.filter((extent) => extent.depth < depth));
  return { unchanged: (start: number, length: number) => !written.touches({ start, length }) };
}

async function scrubbedOverlay(
  wanted: CaptureWanted,
  folder: string,
  tools: EngineTools,
): Promise<DiskFile> {
  const { run, runDir } = tools;
  const { injected } = wanted.composition.manifest;
  const disk: DiskFile = { path: join(folder, 'disk.qcow2'), format: 'qcow2' };
  const workDir = join(folder, 'write');
  await mkdir(workDir, { recursive: true });
  const machine = await openMachineDisk(wanted.machine, tools);
  try {
    await createOverlay(run, { path: disk.path, backing: wanted.machine.disk });
    const { partition, volume } = findLinuxRoot(machine);
    const changes = scrubChanges(volume, injected);
    await writeExt4({ disk, partition, changes, workDir, runDir, run, ...signalOf(tools) });
  } finally {
    machine.close();
  }
  return disk;
}

async function storeDisk(
  disk: DiskFile,
  wanted: CaptureWanted,
  tools: CaptureTools,
): Promise<StoredLayer> {
  const { store, work, progress, run } = tools;
  const { layer, os } = wanted;
  const base = basePath(work, hexOf(await osContent(store, os)));
  const source = await openDisk(disk, { run, roots: [work, ...wanted.machine.roots] });
  try {
    return await store.putDisk({
      disk: source,
      layer,
      parent: os,
      os: { family: 'linux' },
      ...unchangedSince(source, base),
      ...signalOf(tools),
      onProgress: (done, total = done) => progress('Storing the disk', 20 + (done / total) * 80),
    });
  } finally {
    source.close();
  }
}

/** Stores a machine's disk, without anything of ours, as the next version of its OS layer. */
export async function captureOs(wanted: CaptureWanted, tools: CaptureTools): Promise<StoredLayer> {
  const folder = join(tools.work, 'scrub', hexOf(wanted.layer.inputs));
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    tools.progress('Removing the guest tool', 0);
    const disk = await scrubbedOverlay(wanted, folder, tools);
    return await storeDisk(disk, wanted, tools);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
