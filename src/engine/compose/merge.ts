import type { DeltaChange } from '../delta/entry.ts';
import { impossible } from '../../core/failure.ts';
import { badDelta } from '../delta/failure.ts';
import { MOST_NAMES } from '../limits.ts';
import { emptySlot, holdsPut, type PutNode, type Slot } from './slot.ts';

/** A path that several layers put, highest first. */
export interface Overlap {
  readonly path: string;
  readonly layers: number[];
}

/** Text files to which every package manager adds; the last layer's copy loses what others added. */
const SHARED_FILES: ReadonlySet<string> = new Set([
  '/etc/passwd',
  '/etc/group',
  '/etc/shadow',
  '/etc/gshadow',
  '/etc/subuid',
  '/etc/subgid',
  '/etc/shells',
  '/etc/ld.so.cache',
  '/var/lib/dpkg/status',
  '/var/lib/rpm/rpmdb.sqlite',
  '/lib/apk/db/installed',
]);

/** What became of a change: shown to nobody, or in the result under its path. */
export interface Placed {
  readonly visible: boolean;
  /** What was put; present for visible and hidden puts alike, since links may still need it. */
  readonly node?: PutNode;
}

const HIDDEN: Placed = { visible: false };

/**
 * All layers as one tree. Layers are added from the highest to the lowest, so that whatever has been
 * decided stays decided, and hidden content is never even read.
 */
export class Merge {
  readonly root: Slot = emptySlot();
  readonly overlaps = new Map<string, Overlap>();
  private readonly nodes = new Map<string, PutNode>();
  private layer = Number.POSITIVE_INFINITY;
  private names = 0;

  /** Begins the next lower layer. */
  begin(layer: number): void {
    if (layer >= this.layer) throw new RangeError('layers are added from the top down');
    this.layer = layer;
    this.nodes.clear();
  }

  /** Takes the next change of the current layer. */
  add(change: DeltaChange): Placed {
    const node = this.nodeOf(change);
    const slot = this.reach(change.path);
    if (slot === undefined) return node === undefined ? HIDDEN : { visible: false, node };
    if (node !== undefined) return { visible: this.put(slot, change.path, node), node };
    this.close(slot, change.op === 'opaque');
    return HIDDEN;
  }

  /** What a link of the current layer stands for. */
  linked(path: string): PutNode | undefined {
    return this.nodes.get(path);
  }

  private nodeOf(change: DeltaChange): PutNode | undefined {
    if (change.op === 'link') {
      const node = this.nodes.get(change.to);
      if (node === undefined)
        throw badDelta(`${change.path} links to ${change.to}, which is not there`);
      return node;
    }
    if (change.op !== 'put') return undefined;
    const { meta, sizeBytes, path } = change;
    const node: PutNode = { meta, sizeBytes };
    if (meta.type !== 'directory') this.nodes.set(path, node);
    return node;
  }

  /** The slot of a path, unless a higher layer hides it. */
  private reach(path: string): Slot | undefined {
    let slot = this.root;
    for (const name of path.slice(1).split('/')) {
      if (slot.closedBy > this.layer) return undefined;
      slot = slot.children.get(name) ?? this.addName(slot, name);
    }
    return slot;
  }

  private addName(slot: Slot, name: string): Slot {
    this.names += 1;
    if (this.names > MOST_NAMES) throw tooManyNames();
    const added = emptySlot();
    slot.children.set(name, added);
    return added;
  }

  private put(slot: Slot, path: string, node: PutNode): boolean {
    const isDirectory = node.meta.type === 'directory';
    this.note(slot, path);
    const visible = slot.closedBy <= this.layer && !this.taken(slot, isDirectory);
    if (visible) slot.put = { layer: this.layer, node };
    if (!isDirectory) this.close(slot, false);
    return visible;
  }

  /** A higher layer's thing stays; what is inside a directory shows that it is one. */
  private taken(slot: Slot, isDirectory: boolean): boolean {
    return slot.put !== undefined || (!isDirectory && holdsPut(slot));
  }

  private close(slot: Slot, opaque: boolean): void {
    if (slot.closedBy >= this.layer) return;
    slot.closedBy = this.layer;
    slot.opaque = opaque;
  }

  private note(slot: Slot, path: string): void {
    if (slot.put === undefined || !SHARED_FILES.has(path)) return;
    const overlap = this.overlaps.get(path) ?? { path, layers: [slot.put.layer] };
    overlap.layers.push(this.layer);
    this.overlaps.set(path, overlap);
  }
}

function tooManyNames() {
  return impossible(
    'TooManyNames',
    `the layers have more than ${MOST_NAMES} names in all`,
    'Use fewer layers, or install what has the most files in the operating system.',
  );
}
