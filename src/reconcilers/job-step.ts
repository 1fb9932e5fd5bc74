import { Failure, transient } from '../core/failure.ts';
import type { Verdict } from '../kube/reconciler.ts';
import type { JobRunner, JobSpec, JobState } from '../jobs/spec.ts';

/** Starting a job, or starting over after its failure was reported. */
export type JobStep =
  | { readonly do: 'startJob'; readonly name: string; readonly spec: JobSpec }
  | { readonly do: 'retryJob'; readonly name: string };

/** A job as a plan sees it. */
export interface JobView {
  readonly name: string;
  readonly spec: JobSpec;
  readonly state: JobState | undefined;
}

/** Progress for `status.progress`, in tens so that it costs at most ten writes. */
export function progressOf(
  state: JobState | undefined,
): { step: string; percent: number } | undefined {
  if (state?.state !== 'running') return undefined;
  return { step: state.step, percent: Math.floor(state.percent / 10) * 10 };
}

/** What to do about a job that has not succeeded: start it, wait for it, retry it or give up. */
export function pursue(job: JobView, reason: string, doing: string): Verdict<JobStep> {
  const { state, name, spec } = job;
  if (state === undefined) {
    return { verdict: 'act', reason, message: doing, steps: [{ do: 'startJob', name, spec }] };
  }
  if (state.state === 'failed' && state.failure.consequence === 'Impossible') {
    const { message, hint = '' } = state.failure;
    return { verdict: 'stalled', reason: 'Failed', message: `${message}. ${hint}`.trim() };
  }
  if (state.state === 'failed') {
    const message = `${state.failure.message}; trying again`;
    return { verdict: 'act', reason, message, steps: [{ do: 'retryJob', name }] };
  }
  return { verdict: 'waiting', reason, message: doing };
}

/** Runs a job step. A retry reports the failure to the queue, whose backoff paces the next start. */
export async function actOnJob(jobs: JobRunner, step: JobStep): Promise<void> {
  if (step.do === 'startJob') return jobs.start(step.name, step.spec);
  const state = jobs.look(step.name);
  await jobs.forget(step.name);
  if (state?.state === 'failed') throw new Failure(state.failure);
  throw transient('JobLost', `the job ${step.name} was lost; it is started again`);
}
