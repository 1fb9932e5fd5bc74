import type { ApiObject, Condition } from '../api/object.ts';
import type { EventNote } from './events.ts';

/** A condition of a kind's own, as a plan states it; the runtime adds times and generations. */
export type PlannedCondition = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** What a pass decided: exactly one verdict, and the complete status of the kind. */
interface PlanBase<Status> {
  /** Everything below `status` except conditions and observedGeneration. */
  readonly status: Status;
  /** Conditions other than Ready, Reconciling, Stalled and Available. Those left out are removed. */
  readonly conditions: readonly PlannedCondition[];
  /** Whether something usable exists although the newest may not be done; undefined: no such condition. */
  readonly available?: {
    readonly status: boolean;
    readonly reason: string;
    readonly message: string;
  };
  /** Told as an Event when the verdict is `act` and its steps are about to be performed. */
  readonly note?: EventNote;
}

/**
 * What the queue does next. A `recheckMs` is kept within a tenth: objects that settled together do
 * not come back together.
 */
export type Verdict<Step> =
  /** The newest spec is fully done: Ready is True with this reason. */
  | {
      readonly verdict: 'settled';
      readonly reason: string;
      readonly message: string;
      readonly recheckMs?: number;
    }
  /** Steps are run in order up to one that returns a handle; then the object is observed again at once. */
  | {
      readonly verdict: 'act';
      readonly reason: string;
      readonly message: string;
      /** The steps take a moment: status is written after them, which saves a write. */
      readonly brief?: true;
      readonly steps: readonly [Step, ...Step[]];
    }
  /** Something else must happen first; a watch wakes the object. */
  | {
      readonly verdict: 'waiting';
      readonly reason: string;
      readonly message: string;
      /** What is waited for failed and is tried again: people see it as they see a failed pass. */
      readonly retrying?: true;
      /** Whoever is waited for was made a moment ago and wakes the object soon: not worth a write. */
      readonly quiet?: true;
      readonly recheckMs?: number;
    }
  /** Only an edit helps. */
  | { readonly verdict: 'stalled'; readonly reason: string; readonly message: string }
  /** The object is being deleted and nothing of it is left outside: its finalizer may go. */
  | { readonly verdict: 'released' };

/** The outcome of planning. */
export type Plan<Step, Status> = PlanBase<Status> & Verdict<Step>;

/** The seam between the runtime and one kind: observe, plan (pure), act. */
export interface Reconciler<Spec, Status, World, Step> {
  /** Reads only. Must tolerate every half-finished state that an earlier crash left. */
  observe(object: ApiObject<Spec, Status>, signal: AbortSignal): Promise<World>;
  /** Pure: no await, no clock, no randomness. `nowMs` arrives as data. */
  plan(object: ApiObject<Spec, Status>, world: World, nowMs: number): Plan<Step, Status>;
  /** One idempotent effect. What it did is seen by the next observe. */
  act(step: Step, object: ApiObject<Spec, Status>, signal: AbortSignal): Promise<ActResult | void>;
}

/**
 * A handle of a long operation; the runtime writes it to `status.handle` before anything else, leaves
 * out the remaining steps and observes again. It stays there while the verdict is `act` or `waiting`,
 * unless the plan's status has a `handle` of its own, undefined included, and while passes fail.
 */
interface ActResult {
  readonly handle: string;
}
