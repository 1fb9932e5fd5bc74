/** Somebody who waits for a seat. */
export interface Waiting {
  readonly namespace: string;
  readonly name: string;
}

const nameOf = ({ namespace, name }: Waiting): string => `${namespace}/${name}`;

/**
 * Who waits for one of a limited number of machines, in the order of asking. What is in use is counted
 * from the objects that exist, so that a restart forgets nothing but the order.
 */
export class Admission {
  private readonly pools = new Map<string, Map<string, Waiting>>();
  private readonly watchers = new Set<(one: Waiting) => void>();
  private readonly stillWaits: (one: Waiting) => boolean;

  /** `stillWaits` tells who has a seat by now, or needs none any more. */
  constructor(stillWaits: (one: Waiting) => boolean) {
    this.stillWaits = stillWaits;
  }

  /** Takes a place at the end, unless it has one. */
  join(pool: string, one: Waiting): void {
    const waiting = this.pools.get(pool) ?? new Map<string, Waiting>();
    this.pools.set(pool, waiting);
    if (!waiting.has(nameOf(one))) waiting.set(nameOf(one), one);
  }

  /** Gives its place up, for those behind it. */
  leave(pool: string, one: Waiting, free: number): void {
    this.pools.get(pool)?.delete(nameOf(one));
    for (const next of this.first(pool, free)) {
      for (const watcher of this.watchers) watcher(next);
    }
  }

  /** Whether it may take one of the free seats now; undefined if it does not wait. */
  isNext(pool: string, one: Waiting, free: number): boolean | undefined {
    if (this.pools.get(pool)?.has(nameOf(one)) !== true) return undefined;
    return this.first(pool, free).some((other) => nameOf(other) === nameOf(one));
  }

  /** The first of those who wait; looks at no more of them than that. */
  first(pool: string, count: number): readonly Waiting[] {
    const found: Waiting[] = [];
    const waiting = this.pools.get(pool) ?? new Map<string, Waiting>();
    for (const [name, one] of waiting) {
      if (found.length >= count) break;
      if (this.stillWaits(one)) found.push(one);
      else waiting.delete(name);
    }
    if (waiting.size === 0) this.pools.delete(pool);
    return found;
  }

  /** Calls back with whoever moved up because somebody gave up; returns how to stop. */
  watch(moved: (one: Waiting) => void): () => void {
    this.watchers.add(moved);
    return () => this.watchers.delete(moved);
  }
}
