import type { JobRunner } from '../jobs/spec.ts';
import type { WatchOutside } from '../reconcilers/ports.ts';
import type { ConnectionPool } from './connections.ts';

/**
 * Tells of jobs and platforms. What a job did to a platform is looked at before anybody is woken, and once,
 * however many controllers listen.
 */
export function outside(
  jobs: Pick<JobRunner, 'watch' | 'isBusy'>,
  connections: Pick<ConnectionPool, 'watch' | 'touched'>,
): WatchOutside {
  const listeners = new Set<(key: string) => void>();
  const tell = (key: string) => {
    for (const listener of listeners) listener(key);
  };
  let stops: readonly (() => void)[] = [];
  const begin = () => {
    stops = [
      jobs.watch((key) => {
        if (!jobs.isBusy(key)) connections.touched(key);
        tell(key);
      }),
      connections.watch(tell),
    ];
  };
  return (changed) => {
    if (listeners.size === 0) begin();
    listeners.add(changed);
    return () => {
      listeners.delete(changed);
      if (listeners.size === 0) for (const stop of stops) stop();
    };
  };
}
