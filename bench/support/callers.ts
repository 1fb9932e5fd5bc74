/** Does something with every item, so many at a time; each caller goes on when its last call is answered. */
export async function withCallers<Item>(
  callers: number,
  items: Iterable<Item>,
  work: (item: Item, caller: number) => Promise<unknown>,
): Promise<void> {
  const open = items[Symbol.iterator]();
  const call = async (caller: number) => {
    for (let next = open.next(); next.done !== true; next = open.next()) {
      await work(next.value, caller);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
}
