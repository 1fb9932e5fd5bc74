import { statSync } from 'node:fs';
import { denied } from '../../core/failure.ts';
import { isMissing } from '../../host/files.ts';
import { openDisk, type OpenDisk } from '../../images/open-disk.ts';
import { part } from '../../images/part.ts';
import type { ByteSource, DiskFile } from '../../images/source.ts';
import { findLinuxRoot, type LinuxRoot } from '../ext4/find-root.ts';
import type { EngineTools } from '../tools.ts';

/** The disk of a machine that is off, as a file of this host. */
export interface MachineDisk {
  readonly disk: DiskFile;
  /** Folders that its chain must not leave: what a guest or a stranger wrote into a header is not trusted. */
  readonly roots: readonly string[];
}

/** Opens a machine's disk for reading. */
export function openMachineDisk(machine: MachineDisk, { run }: EngineTools): Promise<OpenDisk> {
  return openDisk(machine.disk, { run, roots: machine.roots });
}

/** What makes two names the same file. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * How many files of a chain lie above a file, by whatever name the chain knows it; undefined if that very
 * file is not in it. A file with the same content is another one: its blocks may lie elsewhere.
 */
export function filesAbove(chain: readonly DiskFile[], path: string): number | undefined {
  const wanted = identityOf(path);
  if (wanted === undefined) return undefined;
  const index = chain.findIndex((file) => identityOf(file.path) === wanted);
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
