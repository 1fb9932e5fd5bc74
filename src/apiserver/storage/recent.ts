import type { Change } from './row.ts';

/** In memory they take about three times as much, since each is parsed when somebody looks inside. */
const LIMIT_CHARACTERS = 2 * 1024 * 1024;
const LIMIT_CHANGES = 1024;

function charactersOf({ document, before }: Change): number {
  return document.json.length + (before?.json.length ?? 0);
}

/** The newest changes, shared by all watchers so that each is read and parsed once. */
export class RecentChanges {
  private changes: Change[] = [];
  private size = 0;
  /** Every change after this revision is here. */
  private floor: number;

  constructor(head: number) {
    this.floor = head;
  }

  /** Adds committed changes. */
  add(changes: readonly Change[]): void {
    this.changes.push(...changes);
    for (const change of changes) this.size += charactersOf(change);
    let drop = 0;
    while (this.size > LIMIT_CHARACTERS || this.changes.length - drop > LIMIT_CHANGES) {
      const oldest = this.changes[drop];
      if (oldest === undefined) break;
      this.size -= charactersOf(oldest);
      this.floor = oldest.revision;
      drop += 1;
    }
    // Dropping in larger steps keeps the cost of moving the rest small.
    if (drop > 0) this.changes = this.changes.slice(drop);
  }

  /** All changes after a revision, or undefined if they are not all here. */
  after(revision: number): readonly Change[] | undefined {
    if (revision < this.floor) return undefined;
    let low = 0;
    let high = this.changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.changes[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.changes.slice(low);
  }
}
