import { comparedWith, rounded, type Figure } from '../support/figures.ts';

/** What was measured on ours, and on the peer where it is built. */
export interface Sides<One> {
  readonly ours: One;
  readonly real: One | undefined;
}

/** A number of ours, and that of a peer in the same run; undefined where none is built. */
export interface Pair {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  readonly theirs: number | undefined;
  /** The real Kubernetes if left out. */
  readonly peer?: string;
  /** What else both must be read with. */
  readonly notes?: readonly string[];
}

const REAL = 'real';

/** The numbers of a pair. */
export function both<One>(
  { ours, real }: Sides<One>,
  of: (one: One) => number,
): Pick<Pair, 'ours' | 'theirs'> {
  return { ours: of(ours), theirs: real === undefined ? undefined : of(real) };
}

/** Two numbers that belong to a figure, in words. */
export function note(
  what: string,
  { ours, theirs, peer = REAL }: Pick<Pair, 'ours' | 'theirs' | 'peer'>,
): string {
  const own = `${what} ${rounded(ours)}`;
  return theirs === undefined ? own : `${own}, ${peer} ${rounded(theirs)}`;
}

function besideOf({ ours, theirs, unit, peer = REAL, notes = [] }: Pair): string {
  const compared =
    theirs === undefined
      ? 'no peer is built'
      : `${rounded(ours / theirs)} × ${peer}: ${`${rounded(theirs)} ${unit}`.trim()}`;
  return [compared, ...notes].join('; ');
}

/** A figure beside that of the peer, without a target or with one of its own. */
export function told(pair: Pair, target: Pick<Figure, 'target'> = {}): Figure {
  const { what, ours: value, unit } = pair;
  return { what, value, unit, ...target, beside: besideOf(pair) };
}

/** A speed that must be so many times that of the peer. */
export function noSlower(pair: Pair, factor: number): Figure {
  const { theirs: value, peer = REAL } = pair;
  return told(pair, value === undefined ? {} : comparedWith(peer, '≥', { factor, value }));
}

/** A time or a size that must not be more than that of the peer. */
export function noMore(pair: Pair): Figure {
  const { theirs: value, peer = REAL } = pair;
  return told(pair, value === undefined ? {} : comparedWith(peer, '≤', { factor: 1, value }));
}
