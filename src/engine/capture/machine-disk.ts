import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { denied, Failure } from '../../core/failure.ts';
import { openDisk, type OpenDisk } from '../../images/open-disk.ts';
import { part } from '../../images/part.ts';
import type { ByteSource, DiskFile } from '../../images/source.ts';
import { composedDisk } from '../compose/compose.ts';
import { composedFolder, readManifest, type ComposeManifest } from '../compose/manifest.ts';
import { findLinuxRoot, type LinuxRoot } from '../ext4/find-root.ts';
import type { EngineTools } from '../tools.ts';

/** The manifest of a composition that must still be there. */
export async function requireManifest(work: string, key: string): Promise<ComposeManifest> {
  const manifest = await readManifest(composedFolder(work, key));
  if (manifest !== undefined) return manifest;
  throw new Failure({
    consequence: 'Lost',
    code: 'CompositionMissing',
    message: `the composed disk ${key} that the machine was made from is gone`,
    hint: 'Restore the work folder, or restart the version.',
  });
}

/** Opens a machine's disk; its chain must not lead anywhere but to our own files. */
export function openMachineDisk(disk: DiskFile, { run, work }: EngineTools): Promise<OpenDisk> {
  return openDisk(disk, { run, roots: [work, dirname(realpathSync(disk.path))] });
}

/** How many files of a chain lie above a file; undefined if the file is not in it. */
export function filesAbove(chain: readonly DiskFile[], path: string): number | undefined {
  const wanted = realpathSync(path);
  const index = chain.findIndex((file) => realpathSync(file.path) === wanted);
  return index < 0 ? undefined : index;
}

/** A machine's root volume beside the one that it was made from. */
export interface RootPair {
  readonly base: LinuxRoot;
  readonly machine: LinuxRoot;
  readonly sources: { readonly base: ByteSource; readonly machine: ByteSource };
}

function cut(disk: ByteSource, { partition: { start, sizeBytes } }: LinuxRoot): ByteSource {
  return part(disk, start, sizeBytes);
}

/** Finds the root volumes of both disks, which must lie in the same place. */
export function rootPair(base: ByteSource, machine: ByteSource): RootPair {
  const before = findLinuxRoot(base);
  const after = findLinuxRoot(machine);
  if (before.partition.start !== after.partition.start) {
    throw denied(
      'PartitionsChanged',
      'the root partition was moved on the packaging machine',
      'Only a new version of the OS layer may change partitions; restart this version.',
    );
  }
  return {
    base: before,
    machine: after,
    sources: { base: cut(base, before), machine: cut(machine, after) },
  };
}

/** Opens the composed disk of a key. */
export function openComposed(key: string, { run, work }: EngineTools): Promise<OpenDisk> {
  return openDisk(composedDisk(work, key), { run, roots: [work] });
}
