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

  /** How many wait before it; undefined if it does not wait. */
  placeOf(pool: string, one: Waiting): number | undefined {
    const place = this.waiting(pool).findIndex((other) => nameOf(other) === nameOf(one));
    return place < 0 ? undefined : place;
  }

  /** The first of those who wait. */
  first(pool: string, count: number): readonly Waiting[] {
    return count <= 0 ? [] : this.waiting(pool).slice(0, count);
  }

  private waiting(pool: string): readonly Waiting[] {
    const waiting = this.pools.get(pool);
    if (waiting === undefined) return [];
    for (const [name, one] of waiting) if (!this.stillWaits(one)) waiting.delete(name);
    if (waiting.size === 0) this.pools.delete(pool);
    return [...waiting.values()];
  }
}
