/** Does something with every item, so many at a time. */
export async function withCallers<Item>(
  callers: number,
  items: Iterable<Item>,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const open = items[Symbol.iterator]();
  const caller = async () => {
    for (let next = open.next(); next.done !== true; next = open.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: callers }, caller));
}
