import type { Clock } from '../../core/clock.ts';

/** Runs work under a deadline; what is late gets the error. */
export async function within<Result>(
  clock: Clock,
  limitMs: number,
  work: Promise<Result>,
  late: () => Error,
): Promise<Result> {
  const done = new AbortController();
  const deadline = clock.sleep(limitMs, done.signal).then(() => {
    throw late();
  });
  // Whichever loses the race settles later without anybody looking.
  deadline.catch(() => undefined);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, deadline]);
  } finally {
    done.abort();
  }
}
