/**
 * Runs `work` over all items with a bounded number at a time. The first error stops the taking of
 * further items; it is thrown when those under way have ended, so that nothing runs on behind it.
 */
export async function forEachBounded<Item>(
  items: Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const errors: unknown[] = [];
  const lane = async () => {
    while (errors.length === 0) {
      const next = iterator.next();
      if (next.done === true) return;
      try {
        await work(next.value);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, lane));
  if (errors.length > 0) throw errors[0];
}

/** Maps a stream in order with a bounded number of items under way ahead of the reader. */
export async function* mapOrdered<Item, Result>(
  items: AsyncIterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const ahead: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const started = work(item);
      // An error surfaces in order, when its turn comes; until then it must not count as unhandled.
      started.catch(() => undefined);
      ahead.push(started);
      const first = ahead.length >= limit ? ahead.shift() : undefined;
      if (first !== undefined) yield await first;
    }
    for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) yield await next;
  } finally {
    await Promise.allSettled(ahead);
  }
}
