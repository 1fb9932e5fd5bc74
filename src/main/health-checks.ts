import { statfs } from 'node:fs/promises';
import type { HealthCheck } from '../apiserver/http/health.ts';
import type { Clock } from '../core/clock.ts';
import type { Manager } from '../kube/manager.ts';
import type { RunningSource } from '../sources/source.ts';

const BEAT_MS = 1000;
/** Requests of clients and leases of machines do not wait longer. */
const LATE_MS = 10_000;
/** With less, the next layer or a burst of writes fails. */
const LEAST_FREE_BYTES = 64 * 2 ** 20;

/**
 * Whether work gets its turn. A beat that comes late tells of a thread that was blocked; one that is
 * overdue, of a thread that only just goes on.
 */
export function eventLoopCheck(clock: Clock, signal: AbortSignal, lateMs = LATE_MS): HealthCheck {
  let due = clock.elapsed() + BEAT_MS;
  let last = 0;
  const beat = async () => {
    while (!signal.aborted) {
      due = clock.elapsed() + BEAT_MS;
      await clock.sleep(BEAT_MS, signal).catch(() => undefined);
      last = clock.elapsed() - due;
    }
  };
  void beat();
  return {
    name: 'event-loop',
    isVital: true,
    check: () => {
      const worst = Math.max(last, clock.elapsed() - due);
      if (worst > lateMs) throw new Error(`the event loop was blocked for ${worst} ms`);
    },
  };
}

/** Whether every cache has its first list. */
export function syncCheck(manager: Pick<Manager, 'ready'>): HealthCheck {
  return {
    name: 'informer-sync',
    isVital: false,
    check: () => {
      if (!manager.ready()) throw new Error('not every cache has its first list');
    },
  };
}

/** Free space where a folder is. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Whether there is room where a folder is. */
export function diskCheck(folder: string, leastBytes = LEAST_FREE_BYTES): HealthCheck {
  return {
    name: 'disk-space',
    isVital: false,
    check: async () => {
      const free = await freeBytes(folder);
      if (free < leastBytes) throw new Error(`${folder} has ${free} bytes left`);
    },
  };
}

/** Whether the source is read; what is wrong in its files is no matter of health. */
export function sourceCheck(source: Pick<RunningSource, 'status'>): HealthCheck {
  return {
    name: 'source',
    isVital: false,
    check: () => {
      const { checkedAt, failure } = source.status();
      if (checkedAt === undefined) throw new Error('the source has not been read yet');
      if (failure !== undefined) throw new Error(failure);
    },
  };
}
