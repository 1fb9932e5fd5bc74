import { backoffMs, RECONCILE_BACKOFF } from '../core/backoff.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { FailureData } from '../core/failure.ts';
import type { JobState } from './spec.ts';

/** A cure outside the spec is looked for this often. */
const DENIED_MS = 300_000;
/** A job that is started again so soon after its success left nothing that anybody could see. */
const AGAIN_MS = 60_000;
/** What is not started again for so long starts afresh. */
const FORGET_MS = 600_000;

/** How the last run of a job ended. */
export interface Past {
  readonly key: string;
  /** Undefined for success. */
  readonly failure?: FailureData;
  /** How often in a row it failed, or ended well without being of use. */
  readonly attempts: number;
  /** In the time of `Clock.elapsed`, as all that is remembered. */
  readonly endedAt: number;
  /** From when on it may be started again. */
  readonly retryAt: number;
}

/** An end to be remembered. */
export interface End {
  readonly key: string;
  readonly failure: FailureData | undefined;
  readonly now: number;
}

function delayOf(failure: FailureData, attempts: number, random: Random): number {
  if (failure.consequence === 'Impossible') return Infinity;
  const delay =
    failure.consequence === 'Denied' ? DENIED_MS : backoffMs(RECONCILE_BACKOFF, attempts, random);
  return Math.max(delay, failure.retryAfterMs ?? 0);
}

/** What is remembered of an end, given what was remembered before. */
export function pastOf(end: End, before: Past | undefined, random: Random): Past {
  const { key, failure, now } = end;
  if (failure !== undefined) {
    const attempts = before?.failure === undefined ? 1 : before.attempts + 1;
    const retryAt = now + delayOf(failure, attempts, random);
    return { key, failure, attempts, endedAt: now, retryAt };
  }
  const again = before !== undefined && before.failure === undefined;
  const attempts = again ? before.attempts + 1 : 1;
  const retryAt = now + backoffMs(RECONCILE_BACKOFF, attempts, random);
  return { key, attempts, endedAt: now, retryAt };
}

/**
 * What of it counts when the job is asked for again: one that ended well a while ago is asked for with a
 * reason; only soon after its end it may be a loop.
 */
export function counting(past: Past | undefined, now: number): Past | undefined {
  const isOld = past?.failure === undefined && now - (past?.endedAt ?? 0) >= AGAIN_MS;
  return isOld ? undefined : past;
}

/** When nothing needs to be known any more. */
export function forgetAt({ failure, endedAt, retryAt }: Past): number {
  return (failure === undefined ? endedAt : retryAt) + FORGET_MS;
}

/** What is shown of it: only failures, with a time of the clock as it is set now. */
export function stateOf({ failure, attempts, retryAt }: Past, clock: Clock): JobState | undefined {
  if (failure === undefined) return undefined;
  const shown = clock.now() + Math.ceil(retryAt - clock.elapsed());
  return { state: 'failed', failure, attempts, retryAt: shown };
}

/** The jobs of each external key, so that nobody has to go through all jobs. */
export class NamesByKey {
  private readonly names = new Map<string, Set<string>>();

  of(key: string): readonly string[] {
    return [...(this.names.get(key) ?? [])];
  }

  add(key: string, name: string): void {
    const known = this.names.get(key);
    if (known === undefined) this.names.set(key, new Set([name]));
    else known.add(name);
  }

  remove(key: string, name: string): void {
    const known = this.names.get(key);
    known?.delete(name);
    if (known?.size === 0) this.names.delete(key);
  }
}
