import type { VolumeChange, VolumeReader } from '../volume.ts';
import { mergedChanges } from './changes.ts';
import { ancestors, GUEST_HOME, type Injection } from './inject.ts';
import { mergeLayers, type LayerInput, type SpoolOptions } from './layers.ts';
import type { Injected } from './manifest.ts';
import { Merge, type Overlap } from './merge.ts';
import { holdsOthers, type Slot } from './slot.ts';

/** All that is laid over an OS volume. */
export interface LaidOver {
  readonly changes: Iterable<VolumeChange>;
  readonly injected: readonly Injected[];
  readonly conflicts: readonly Overlap[];
}

/** What to lay over an OS volume. */
export interface Wanted {
  /** Lowest first. */
  readonly layers: readonly LayerInput[];
  readonly injections: readonly Injection[];
}

function addInjections(merge: Merge, layer: number, injections: readonly Injection[]): void {
  merge.begin(layer);
  // A tool that was left in an imported disk would mix with ours.
  merge.add({ op: 'whiteout', path: GUEST_HOME });
  for (const { path, meta, sizeBytes, content } of injections) {
    const { node } = merge.add({ op: 'put', path, meta, sizeBytes });
    if (node !== undefined && content !== undefined) node.content = content;
  }
}

function slotAt(root: Slot, path: string): Slot | undefined {
  let slot: Slot | undefined = root;
  for (const name of path.slice(1).split('/')) slot = slot?.children.get(name);
  return slot;
}

/** Injected files and the directories that are there only because of them, outermost first. */
function injectedPaths(
  merge: Merge,
  layer: number,
  { base, injections }: { readonly base: VolumeReader; readonly injections: readonly Injection[] },
): readonly Injected[] {
  const isOurs = (path: string) => {
    const slot = slotAt(merge.root, path);
    const fromBase = base.lookup(path) !== undefined && path !== GUEST_HOME;
    return !fromBase && slot !== undefined && !holdsOthers(slot, layer);
  };
  const above = new Set(injections.flatMap(({ path }) => ancestors(path)));
  const directories = [...above]
    .filter((path) => path === GUEST_HOME || isOurs(path))
    .map((path) => ({ path, type: 'directory' as const }));
  const files = injections.map(({ path, meta }) => ({
    path,
    type: meta.type === 'symlink' ? ('symlink' as const) : ('file' as const),
  }));
  return [...directories, ...files];
}

/** Merges layers and guest tool into one list of changes. */
export async function layOver(
  base: VolumeReader,
  wanted: Wanted,
  spool: SpoolOptions,
): Promise<LaidOver> {
  const { layers, injections } = wanted;
  const merge = new Merge();
  const top = layers.length;
  addInjections(merge, top, injections);
  await mergeLayers(merge, layers, spool);
  return {
    changes: mergedChanges(merge.root, base),
    injected: injectedPaths(merge, top, { base, injections }),
    conflicts: [...merge.overlaps.values()],
  };
}
