import type { DeltaItem } from '../delta/entry.ts';
import type { Range, VolumeReader } from '../volume.ts';
import type { Versions } from './changed-blocks.ts';
import { changedBlocks } from './changed-blocks.ts';
import { itemsOf } from './items.ts';
import { completeLinks } from './links.ts';
import { touchedInodes } from './touched.ts';
import { compareTrees } from './walk.ts';

/** The same volume before and after a machine ran on it. */
export interface VolumeVersions {
  readonly base: VolumeReader;
  readonly machine: VolumeReader;
  /** The bytes below both readers. */
  readonly sources: Versions;
  /** Runs of the partition that the machine's overlay holds; ascending. */
  readonly written: readonly Range[];
}

/** What a capture leaves out or must complete. */
export interface CaptureRules {
  readonly excluded: (path: string) => boolean;
  /** Directories that exist in the base only because compose made them. */
  readonly madeByCompose: readonly string[];
}

/** The delta from the base to the machine's volume, as items of a layer. */
export function volumeDelta(versions: VolumeVersions, rules: CaptureRules): readonly DeltaItem[] {
  const { base, machine, sources, written } = versions;
  const blocks = changedBlocks(sources, written);
  const touched = touchedInodes(machine, sources, blocks);
  const trees = { base, machine, touched, excluded: rules.excluded };
  const changes = compareTrees(trees);
  completeLinks(trees, changes);
  const needed = rules.madeByCompose.filter((directory) =>
    [...changes.put.keys()].some((path) => path.startsWith(`${directory}/`)),
  );
  for (const directory of needed) {
    const inode = machine.lookup(directory);
    if (inode !== undefined) changes.put.set(directory, inode);
  }
  return itemsOf(machine, changes);
}
