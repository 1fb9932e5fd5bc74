/**
 * Ends waiting as soon as the signal says so, even if what is waited for never answers: a dead
 * network is no reason to hang at shutdown.
 */
export function abortable<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (signal === undefined) return work;
  return new Promise<Result>((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/**
 * The same for a stream. One listener serves all reads: a race of promises per read would leak for as
 * long as a watch lives.
 */
export async function* abortableStream<Item>(
  items: AsyncIterable<Item>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Item, void, undefined> {
  const inner = items[Symbol.asyncIterator]();
  let giveUp: ((error: unknown) => void) | undefined;
  const stop = () => giveUp?.(signal?.reason);
  signal?.addEventListener('abort', stop);
  let over = false;
  try {
    for (;;) {
      const read = await new Promise<IteratorResult<Item>>((resolve, reject) => {
        giveUp = reject;
        if (signal?.aborted === true) return reject(signal.reason);
        inner.next().then(resolve, reject);
      });
      if (read.done === true) {
        over = true;
        return;
      }
      yield read.value;
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    // Not awaited: a generator that waits for bytes would answer only after they came.
    if (!over) inner.return?.().catch(() => undefined);
  }
}
