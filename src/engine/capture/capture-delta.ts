import type { LayerIdentity, LayerPointer, StoredLayer } from '../../core/layer.ts';
import { openDisk, type OpenDisk } from '../../images/open-disk.ts';
import type { LayerStore } from '../../store/store.ts';
import type { Composed } from '../compose/compose.ts';
import type { ComposeManifest } from '../compose/manifest.ts';
import type { DeltaItem } from '../delta/entry.ts';
import { writeDelta } from '../delta/write.ts';
import { signalOf, type EngineTools } from '../tools.ts';
import { writtenRanges } from './changed-blocks.ts';
import { EXCLUSIONS, excludedBy } from './exclusions.ts';
import { filesAbove, openMachineDisk, rootPair, type MachineDisk } from './machine-disk.ts';
import { refuseOtherChanges } from './other-volumes.ts';
import { volumeDelta, type CaptureRules } from './volume-delta.ts';

/** What to capture, and what the layer is called. */
export interface CaptureWanted {
  /** What the machine was made from; perhaps composed again since. */
  readonly composition: Composed;
  readonly layer: LayerIdentity;
  readonly machine: MachineDisk;
  readonly os: LayerPointer;
  readonly requires: readonly LayerPointer[];
}

/** What a capture needs besides the tools of the engine. */
export interface CaptureTools extends EngineTools {
  readonly store: LayerStore;
}

/** Nothing that compose injected is captured; directories it made are, if something is in them. */
function rulesFor({ injected }: ComposeManifest): CaptureRules {
  const files = injected.filter(({ type }) => type !== 'directory');
  const ours = files.map(
    ({ path }) => ({ path, what: 'tree', why: 'put there by compose' }) as const,
  );
  const directories = injected.filter(({ type }) => type === 'directory');
  return {
    excluded: excludedBy([...EXCLUSIONS, ...ours]),
    madeByCompose: directories.map(({ path }) => path),
  };
}

/** What to store, and the size of the file system that shows it. */
interface Difference {
  readonly items: readonly DeltaItem[];
  readonly mostBytes: number;
}

async function storeItems(
  { items, mostBytes }: Difference,
  wanted: CaptureWanted,
  tools: CaptureTools,
): Promise<StoredLayer> {
  const { layer, os, requires } = wanted;
  const expected = items.reduce(
    (sum, { change }) => sum + (change.op === 'put' ? change.sizeBytes : 0) + 1024,
    0,
  );
  tools.progress('Storing the layer', 50);
  return tools.store.putDelta({
    tar: writeDelta(items, mostBytes),
    layer,
    base: os,
    requires,
    stats: { files: items.length },
    onProgress: (done) =>
      tools.progress('Storing the layer', 50 + (50 * Math.min(done, expected)) / expected),
    ...signalOf(tools),
  });
}

function itemsBetween(base: OpenDisk, machine: OpenDisk, composition: Composed): Difference {
  const roots = rootPair(base, machine);
  // Only the overlay on this very file tells all that changed. A disk that came back as a copy, and one
  // whose base was composed again, is compared as a whole.
  const depth = filesAbove(machine.chain, composition.disk.path);
  refuseOtherChanges({ base, machine, depth }, roots.base.partition);
  const { sources } = roots;
  const all = [{ start: 0, length: sources.machine.sizeBytes }];
  const items = volumeDelta(
    {
      base: roots.base.volume,
      machine: roots.machine.volume,
      sources,
      written: depth === undefined ? all : writtenRanges(sources.machine, depth),
    },
    rulesFor(composition.manifest),
  );
  return { items, mostBytes: sources.machine.sizeBytes };
}

/** Stores what changed on a machine's disk as a platform or app layer. */
export async function captureDelta(
  wanted: CaptureWanted,
  tools: CaptureTools,
): Promise<StoredLayer> {
  const { composition } = wanted;
  tools.progress('Comparing the disks', 0);
  const machine = await openMachineDisk(wanted.machine, tools);
  try {
    const base = await openDisk(composition.disk, { run: tools.run, roots: [tools.work] });
    try {
      return await storeItems(itemsBetween(base, machine, composition), wanted, tools);
    } finally {
      base.close();
    }
  } finally {
    machine.close();
  }
}
