import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/failure.ts';
import type { Log } from '../../host/log.ts';
import { EVENT_TTL_MS } from '../builtins/event.ts';
import type { Context } from '../objects/context.ts';

const TICK_MS = 10_000;
const CHUNK = 200;

/** History is kept this long, */
const KEPT_MS = 300_000;

/** but never more changes than this. */
const KEPT_CHANGES = 50_000;

interface Mark {
  readonly timeMs: number;
  readonly revision: number;
}

/** What the clock shows, but never more than it showed at the start and what has passed since. */
function patient(clock: Clock): () => number {
  const ahead = clock.now() - clock.elapsed();
  return () => Math.min(clock.now(), ahead + clock.elapsed());
}

/** Removes events that nobody wrote to for an hour. */
async function expireEvents({ store }: Context, nowMs: number): Promise<void> {
  const before = nowMs - EVENT_TTL_MS;
  for (;;) {
    const keys = await store.read(() => store.queries.writtenBefore('events', before, CHUNK));
    if (keys.length === 0) return;
    await store.write(() => {
      for (const key of keys) {
        const row = store.queries.live(key);
        if (row !== undefined) store.drop(row);
      }
    });
  }
}

/** Forgets history: what is older than five minutes, and what is too much. */
async function compact(context: Context, marks: readonly Mark[]): Promise<readonly Mark[]> {
  const { store, clock } = context;
  const now = clock.elapsed();
  const isOld = (mark: Mark) => now - mark.timeMs >= KEPT_MS;
  const old = marks.findLast(isOld)?.revision ?? 0;
  const tooMuch = store.head - store.compacted > KEPT_CHANGES ? store.head - KEPT_CHANGES / 2 : 0;
  const upTo = Math.max(old, tooMuch);
  if (upTo > store.compacted) await store.compact(upTo);
  const kept = marks.filter((mark) => !isOld(mark));
  return [...kept, { timeMs: now, revision: store.head }];
}

/** Keeps the database small until the server closes. */
export async function upkeep(context: Context, log: Log, closing: AbortSignal): Promise<void> {
  const now = patient(context.clock);
  let marks: readonly Mark[] = [];
  while (!closing.aborted) {
    try {
      await expireEvents(context, now());
      marks = await compact(context, marks);
    } catch (error) {
      log.error('upkeep of the API database failed', { cause: messageOf(error) });
    }
    await context.clock.sleep(TICK_MS, closing).catch(() => undefined);
  }
}
