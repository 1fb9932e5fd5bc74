import type { ContentSource, WantedMeta } from '../volume.ts';

/** Something that a layer puts; names that are links to one another share it. */
export interface PutNode {
  readonly meta: WantedMeta;
  readonly sizeBytes: number;
  /** Set once the bytes lie where the writer can take them from. */
  content?: ContentSource;
}

/** What all layers together say about one path. */
export interface Slot {
  put?: { readonly layer: number; readonly node: PutNode };
  /** The highest layer that hides what layers below it, and the OS, have here; -1 for none. */
  closedBy: number;
  /** True if that layer keeps the directory itself. */
  opaque: boolean;
  readonly children: Map<string, Slot>;
}

/** A path of which nothing is known yet. */
export function emptySlot(): Slot {
  return { closedBy: -1, opaque: false, children: new Map() };
}

/** True if anything is put here or below. */
export function holdsPut(slot: Slot): boolean {
  return slot.put !== undefined || [...slot.children.values()].some(holdsPut);
}

/** True if something here or below comes from another layer than this one. */
export function holdsOthers(slot: Slot, layer: number): boolean {
  if (slot.put !== undefined && slot.put.layer !== layer) return true;
  return [...slot.children.values()].some((child) => holdsOthers(child, layer));
}
