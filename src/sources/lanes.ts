/** Works at the same time: enough to fill a server's group commit. */
const LANES = 16;

/**
 * Does some work for all items, several at a time. Once one fails nothing more is begun; what is under way is
 * waited for, and then the failure is thrown: nothing lands after the end.
 */
export async function inLanes<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  let failed: { readonly error: unknown } | undefined;
  const lane = async () => {
    for (const item of waiting) {
      if (failed !== undefined) return;
      try {
        await work(item);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(LANES, items.length) }, lane));
  if (failed !== undefined) throw failed.error;
}
