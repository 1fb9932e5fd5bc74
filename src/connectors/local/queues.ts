/** Runs what has the same key one after the other, and everything else side by side. */
export class Queues {
  private readonly tails = new Map<string, Promise<unknown>>();

  /** Runs the work when everything that came before under this key has ended, well or not. */
  run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.tails.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    const tail = mine.catch(() => undefined);
    this.tails.set(key, tail);
    void tail.then(() => {
      if (this.tails.get(key) === tail) this.tails.delete(key);
    });
    return mine;
  }
}
