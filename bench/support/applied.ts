import { answerWith } from './asked.ts';
import { memoryNow } from './witness.ts';

/** A cache that follows a server from its first list on. */
export interface Following {
  /** Begins; resolves when all is in the cache that was there. */
  sync(): Promise<void>;
  /** How many objects are in it. */
  size(): number;
}

/** Counts the changes that a cache took. */
class Applied {
  private count = 0;
  private firstAt = 0;
  private lastAt = 0;
  private wanted = Infinity;
  private done: () => void = () => undefined;

  note(): void {
    this.lastAt = performance.now();
    if (this.count === 0) this.firstAt = this.lastAt;
    this.count += 1;
    if (this.count >= this.wanted) this.done();
  }

  look(): void {
    this.count = 0;
  }

  /** Resolves when so many were taken, with how many a second that were. */
  async perSecond(changes: number): Promise<number> {
    this.wanted = changes;
    const all = new Promise<void>((resolve) => (this.done = resolve));
    if (this.count < changes) await all;
    return (this.count - 1) / ((this.lastAt - this.firstAt) / 1000);
  }
}

function answersOf(following: Following, applied: Applied) {
  return {
    /** Seconds. */
    sync: async () => {
      const start = performance.now();
      await following.sync();
      return (performance.now() - start) / 1000;
    },
    size: async () => following.size(),
    memory: async () => memoryNow(),
    look: async () => applied.look(),
    perSecond: (changes: number) => applied.perSecond(changes),
  };
}

/** What can be asked of a process that follows. */
export type Answers = ReturnType<typeof answersOf>;

/** Makes this process one that follows; what it makes calls for every change that is in the cache. */
export function follow(make: (changed: () => void) => Following): void {
  const applied = new Applied();
  answerWith(
    answersOf(
      make(() => applied.note()),
      applied,
    ),
  );
}
