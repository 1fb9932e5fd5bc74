import { turnOver } from '../../host/turn.ts';
import type { From, Row } from '../storage/row.ts';
import type { Store } from '../storage/store.ts';
import type { Filter } from './selection.ts';

/** Where a portion ends early: to read and parse more in one turn would hold up everybody. */
const PORTION_CHARACTERS = 2 ** 20;

/** A revision, and the key after which rows are wanted. */
export type Start = Pick<From, 'at' | 'after'>;

/** Selected rows, and the last one that was looked at if there are more. */
interface Portion {
  readonly rows: readonly Row[];
  readonly last?: Row;
}

/** Selected rows from a start on, as many as asked for, or fewer where they are large. */
export function portionFrom(store: Store, filter: Filter, start: Start, limit: number): Portion {
  const { scope, matches } = filter;
  const { at, after } = start;
  const rows: Row[] = [];
  let characters = 0;
  let last: Row | undefined;
  for (const row of store.rows({ ...scope, at, after })) {
    if (last !== undefined && characters >= PORTION_CHARACTERS) return { rows, last };
    if (matches?.(row.document.object) !== false) {
      // One more than asked for shows whether there is a next page.
      if (last !== undefined && rows.length === limit) return { rows, last };
      rows.push(row);
    }
    characters += row.document.json.length;
    last = row;
  }
  return { rows };
}

/**
 * All selected rows from a start on, as they were at its revision: a portion in each turn, and the next
 * one when somebody takes it, so that a long list is never in memory as a whole.
 */
export async function* portions(
  store: Store,
  filter: Filter,
  start: Start,
): AsyncGenerator<readonly Row[], void, undefined> {
  const { at } = start;
  let { after } = start;
  do {
    const from = { at, after };
    const { rows, last } = await store.read(() => portionFrom(store, filter, from, Infinity));
    yield rows;
    after = last;
    await turnOver();
  } while (after !== undefined);
}
