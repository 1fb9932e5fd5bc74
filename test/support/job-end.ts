import type { FailureData } from '../../src/core/failure.ts';
import type { JobRunner, JobSpec } from '../../src/jobs/spec.ts';

/** Waits until a job does not run any more; undefined if it ended well. */
export function jobEnd(runner: JobRunner, spec: JobSpec): Promise<FailureData | undefined> {
  return new Promise((resolve) => {
    const look = () => {
      const state = runner.look(spec);
      if (state?.state === 'running') return;
      stop();
      resolve(state?.failure);
    };
    const stop = runner.watch(look);
    look();
  });
}

/** Runs a job as if it was never tried before; the failure that it ended with, if any. */
export async function runAfresh(
  runner: JobRunner,
  spec: JobSpec,
): Promise<FailureData | undefined> {
  await runner.cancel(spec.key);
  await runner.start(spec);
  return jobEnd(runner, spec);
}
