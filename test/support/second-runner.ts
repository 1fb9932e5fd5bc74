import { systemClock } from '../../src/host/clock.ts';
import { silentLog } from '../../src/host/log.ts';
import { childRunner, type ChildRunnerOptions } from '../../src/jobs/child-runner.ts';
import type { JobRunner } from '../../src/jobs/spec.ts';
import type { WorkerConfig } from '../../src/jobs/worker-config.ts';

/** All that two runners of one installation may have in common. */
export type SharedPlaces = Omit<WorkerConfig, 'work'>;

/**
 * A runner as it would be on another host: it has a work folder of its own, and knows nothing of any other
 * runner but what lies in the store, on the platform and in the API.
 */
export function secondRunner(
  shared: SharedPlaces,
  work: string,
  options: Partial<ChildRunnerOptions> = {},
): JobRunner {
  return childRunner({
    worker: { ...shared, work },
    clock: systemClock,
    random: Math.random,
    log: silentLog,
    ...options,
  });
}
