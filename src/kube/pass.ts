import type { ApiObject } from '../api/object.ts';
import type { Clock } from '../core/clock.ts';
import { Failure, failureData, isFailure, messageOf, type FailureData } from '../core/failure.ts';
import type { Log } from '../host/log.ts';
import { isNotFound, type KubeClient } from './client.ts';
import type { EventRecorder } from './events.ts';
import type { Plan, Reconciler } from './reconciler.ts';
import { keyOfObject, reaches, type Resource } from './resource.ts';
import type { StatusWriter } from './status-writer.ts';

/** So often one pass acts and looks again; then others get their turn. */
const MAX_ROUNDS = 16;

/** How a pass ended: what the queue needs to know. */
export type PassEnd =
  /** There is no such object, or nothing of it is ours to do. */
  | { readonly end: 'gone' }
  | { readonly end: 'settled'; readonly recheckMs?: number }
  /** Waiting or stalled: something outside must change. */
  | { readonly end: 'parked'; readonly recheckMs?: number }
  /** Still acting after many rounds, on a picture that stays behind, or stopped in the middle. */
  | { readonly end: 'again' }
  /** We saw an old object; nothing was told to anybody. */
  | { readonly end: 'conflict' }
  | { readonly end: 'failed'; readonly failure: FailureData };

/** What passes of one controller have in common. */
export interface PassOptions<Spec, Status, World, Step> {
  readonly resource: Resource;
  readonly reconciler: Reconciler<Spec, Status, World, Step>;
  readonly client: KubeClient;
  readonly writer: StatusWriter<Spec, Status>;
  readonly events: EventRecorder;
  readonly finalizer?: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** The object as cached now. */
  current(object: ApiObject): ApiObject<Spec, Status> | undefined;
  /** Waits until the caches show what we wrote. */
  caughtUp(signal: AbortSignal): Promise<boolean>;
}

/** One pass over one object: observe, plan, write status, act, and again until it rests. */
export class Pass<Spec, Status, World, Step> {
  private readonly options: PassOptions<Spec, Status, World, Step>;
  private readonly signal: AbortSignal;
  private latest: ApiObject<Spec, Status>;

  constructor(
    options: PassOptions<Spec, Status, World, Step>,
    object: ApiObject<Spec, Status>,
    signal: AbortSignal,
  ) {
    this.options = options;
    this.latest = object;
    this.signal = signal;
  }

  /** The object as this pass left it. */
  get object(): ApiObject<Spec, Status> {
    return this.latest;
  }

  /** Never throws. Conflicts are kept silent if `mayHideConflict`. */
  async run(mayHideConflict: boolean): Promise<PassEnd> {
    try {
      return (await this.hold()) ? await this.rounds() : { end: 'gone' };
    } catch (error) {
      if (this.signal.aborted && !isFailure(this.signal.reason)) return { end: 'again' };
      const failure = failureData(this.signal.aborted ? this.signal.reason : error);
      if (failure.consequence === 'Conflict' && mayHideConflict) return { end: 'conflict' };
      return this.report(failure);
    }
  }

  private async rounds(): Promise<PassEnd> {
    const { reconciler, writer, clock } = this.options;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const world = await reconciler.observe(this.latest, this.signal);
      const plan = reconciler.plan(this.latest, world, clock.now());
      if (plan.verdict === 'released') return this.release();
      if (!isSilent(plan) && !this.take(await writer.write(this.latest, { plan })))
        return { end: 'gone' };
      if (plan.verdict !== 'act') return restOf(plan);
      this.signal.throwIfAborted();
      if (plan.note !== undefined) this.options.events.record(this.latest, plan.note);
      if (!(await this.perform(plan.steps))) return { end: 'gone' };
      const end = await this.refresh();
      if (end !== undefined) return end;
    }
    return { end: 'again' };
  }

  /** False if the object is gone. */
  private async perform(steps: readonly Step[]): Promise<boolean> {
    const { reconciler, writer } = this.options;
    for (const step of steps) {
      this.signal.throwIfAborted();
      const result = await reconciler.act(step, this.latest, this.signal);
      if (typeof result?.handle !== 'string') continue;
      // The operation is under way: what was planned to follow it waits until it is observed as done.
      return this.take(await writer.saveHandle(this.latest, result.handle));
    }
    return true;
  }

  /** Looks at the object again after acting. How the pass ends, if it cannot go on. */
  private async refresh(): Promise<PassEnd | undefined> {
    this.signal.throwIfAborted();
    const isFresh = await this.options.caughtUp(this.signal);
    this.signal.throwIfAborted();
    // Acting on what does not show our last step would do it again, as fast as it can.
    if (!isFresh) return { end: 'again' };
    const cached = this.options.current(this.latest);
    if (cached === undefined || cached.metadata.uid !== this.latest.metadata.uid) {
      return { end: 'gone' };
    }
    const { resourceVersion } = cached.metadata;
    if (!reaches(this.latest.metadata.resourceVersion, resourceVersion)) this.latest = cached;
    return undefined;
  }

  /** Puts our finalizer on before anything is made. False if the object is no concern of ours. */
  private async hold(): Promise<boolean> {
    const { finalizer } = this.options;
    const { finalizers = [], deletionTimestamp } = this.latest.metadata;
    const holds = finalizer !== undefined && finalizers.includes(finalizer);
    if (deletionTimestamp !== undefined) return holds;
    if (finalizer === undefined || holds) return true;
    return this.setFinalizers([...finalizers, finalizer]);
  }

  private async release(): Promise<PassEnd> {
    const { finalizers = [], deletionTimestamp } = this.latest.metadata;
    if (deletionTimestamp === undefined) {
      const message = `${keyOfObject(this.latest)} was released although nobody deletes it`;
      throw new Failure({ consequence: 'Transient', code: 'BadPlan', message });
    }
    await this.setFinalizers(finalizers.filter((name) => name !== this.options.finalizer));
    return { end: 'gone' };
  }

  private async setFinalizers(finalizers: readonly string[]): Promise<boolean> {
    const { client, resource } = this.options;
    const { namespace, name, resourceVersion } = this.latest.metadata;
    const patch = { metadata: { resourceVersion, finalizers } };
    try {
      return this.take(await client.mergePatch(resource, { namespace, name }, patch));
    } catch (error) {
      if (isFailure(error) && isNotFound(error)) return false;
      throw error;
    }
  }

  /** Tells people of a failure. Whether that succeeds or not, the pass failed for its own reason. */
  private async report(failure: FailureData): Promise<PassEnd> {
    try {
      if (!this.take(await this.options.writer.write(this.latest, { failure }))) {
        return { end: 'gone' };
      }
    } catch (error) {
      const object = keyOfObject(this.latest);
      this.options.log.warn('a failure was not reported', { object, error: messageOf(error) });
    }
    return { end: 'failed', failure };
  }

  private take(written: ApiObject<Spec, Status> | undefined): boolean {
    if (written !== undefined) this.latest = written;
    return written !== undefined;
  }
}

/** Status is written later, by this pass or by the next one. */
function isSilent<Step, Status>(plan: Plan<Step, Status>): boolean {
  if (plan.verdict === 'act') return plan.brief === true;
  return plan.verdict === 'waiting' && plan.quiet === true;
}

function restOf<Step, Status>(
  plan: Plan<Step, Status> & { verdict: 'settled' | 'waiting' | 'stalled' },
): PassEnd {
  if (plan.verdict === 'stalled') return { end: 'parked' };
  const { recheckMs } = plan;
  return {
    end: plan.verdict === 'settled' ? 'settled' : 'parked',
    ...(recheckMs === undefined ? {} : { recheckMs }),
  };
}
