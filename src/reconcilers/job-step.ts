import type { FailureData } from '../core/failure.ts';
import type { Verdict } from '../kube/reconciler.ts';
import { asReason } from '../kube/status-invariants.ts';
import type { JobRunner, JobSpec, JobState } from '../jobs/spec.ts';

/** Starting a job. */
export interface JobStep {
  readonly do: 'startJob';
  readonly spec: JobSpec;
}

/** A job as a plan sees it. */
export interface JobView {
  readonly spec: JobSpec;
  readonly state: JobState | undefined;
}

/** How a job is told to people. */
export interface JobWords {
  /** The stage. */
  readonly reason: string;
  readonly doing: string;
}

/** A job with how it stands now. */
export function viewOf(jobs: JobRunner, spec: JobSpec): JobView {
  return { spec, state: jobs.look(spec) };
}

/** Progress for `status.progress`, in tens so that it costs at most ten writes. */
export function progressOf(
  view: JobView | undefined,
): { step: string; percent: number } | undefined {
  const state = view?.state;
  if (state?.state !== 'running') return undefined;
  const percent = Math.floor(state.percent / 10) * 10;
  // A job that is tried again may fail as early as before: that alone is not worth a write.
  return state.after !== undefined && percent === 0 ? undefined : { step: state.step, percent };
}

/**
 * What to do about a job whose evidence is not there: start it, wait for it, or give up. A failure is told
 * once, with the same words until the job has come further.
 */
export function pursue(
  { spec, state }: JobView,
  { reason, doing }: JobWords,
  nowMs: number,
): Verdict<JobStep> {
  const start: Verdict<JobStep> = {
    verdict: 'act',
    brief: true,
    reason,
    message: doing,
    steps: [{ do: 'startJob', spec }],
  };
  if (state === undefined) return start;
  if (state.state === 'running') {
    if (state.after === undefined) return { verdict: 'waiting', reason, message: doing };
    return again(state.after);
  }
  const { failure, retryAt } = state;
  if (failure.consequence === 'Impossible') {
    const { message, hint = '' } = failure;
    return { verdict: 'stalled', reason: 'Failed', message: `${message}. ${hint}`.trim() };
  }
  if (nowMs >= retryAt) return start;
  return { ...again(failure), recheckMs: retryAt - nowMs };
}

/** People search for the code of a failure, so it stands where the stage stood. */
function again({ code, message, hint }: FailureData) {
  const text = `${message}; trying again.${hint === undefined ? '' : ` ${hint}`}`;
  return { verdict: 'waiting', reason: asReason(code), message: text, retrying: true } as const;
}
