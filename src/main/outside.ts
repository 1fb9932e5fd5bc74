import type { JobRunner } from '../jobs/spec.ts';
import type { WatchOutside } from '../reconcilers/ports.ts';
import type { ConnectionPool } from './connections.ts';

/** Tells of jobs and platforms. What a job did to a platform is looked at before anybody is woken. */
export function outside(
  jobs: Pick<JobRunner, 'watch' | 'isBusy'>,
  connections: Pick<ConnectionPool, 'watch' | 'touched'>,
): WatchOutside {
  return (changed) => {
    const stops = [
      jobs.watch((key) => {
        if (!jobs.isBusy(key)) connections.touched(key);
        changed(key);
      }),
      connections.watch(changed),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  };
}
