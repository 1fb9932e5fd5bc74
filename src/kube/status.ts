import type { ApiObject, CommonStatus, Condition } from '../api/object.ts';
import { timestamp } from '../core/clock.ts';
import { Failure, type FailureData } from '../core/failure.ts';
import type { Plan, PlannedCondition } from './reconciler.ts';
import { ABNORMAL, asReason, assertStatus } from './status-invariants.ts';

/** Longest message that the schema of conditions takes. */
const MAX_MESSAGE = 32_768;

/** The four conditions that only the runtime writes. */
const OF_RUNTIME: ReadonlySet<string> = new Set(['Ready', 'Reconciling', 'Stalled', 'Available']);

/** What a pass came to: a plan, or a failure at any point. */
export type Outcome<Step, Status> =
  { readonly plan: Plan<Step, Status> } | { readonly failure: FailureData };

/** What the next status is made from. */
export interface StatusInput<Step, Spec, Status> {
  readonly object: ApiObject<Spec, Status>;
  readonly outcome: Outcome<Step, Status>;
  /** Condition types of the kind itself: absent from a plan, they are removed. */
  readonly owned: ReadonlySet<string>;
  readonly nowMs: number;
}

/** The words of Ready, Reconciling and Stalled in one of the three states an object can be in. */
type Stage = {
  readonly state: 'ready' | 'reconciling' | 'stalled';
  readonly reason: string;
  readonly message: string;
  /** Why Reconciling is True. */
  readonly because: 'Progressing' | 'ProgressingWithRetry';
};

function stageOfFailure({ consequence, code, message, hint }: FailureData): Stage {
  return {
    state: consequence === 'Impossible' ? 'stalled' : 'reconciling',
    reason: asReason(code),
    message: hint === undefined ? message : `${message}${message.endsWith('.') ? '' : '.'} ${hint}`,
    because: 'ProgressingWithRetry',
  };
}

function stageOfPlan<Step, Status>(plan: Plan<Step, Status>): Stage {
  const because = 'Progressing';
  switch (plan.verdict) {
    case 'settled':
      return { state: 'ready', reason: plan.reason, message: plan.message, because };
    case 'stalled':
      return { state: 'stalled', reason: plan.reason, message: plan.message, because };
    case 'act':
      return { state: 'reconciling', reason: plan.reason, message: plan.message, because };
    case 'waiting':
      return {
        state: 'reconciling',
        reason: plan.reason,
        message: plan.message,
        because: plan.retrying === true ? 'ProgressingWithRetry' : because,
      };
    case 'released':
      return { state: 'reconciling', reason: 'Deleting', message: 'nothing is left', because };
  }
}

function conditionsOfStage({ state, reason, message, because }: Stage): PlannedCondition[] {
  switch (state) {
    case 'ready':
      return [{ type: 'Ready', status: 'True', reason, message }];
    case 'reconciling':
      return [
        { type: 'Ready', status: 'False', reason, message },
        { type: 'Reconciling', status: 'True', reason: because, message },
      ];
    case 'stalled':
      return [
        { type: 'Ready', status: 'False', reason, message },
        { type: 'Stalled', status: 'True', reason, message },
      ];
  }
}

function conditionsOfPlan<Step, Status>(plan: Plan<Step, Status>): PlannedCondition[] {
  const { available, conditions } = plan;
  // Tools count what is abnormal by its presence.
  const own = conditions.filter(({ type, status }) => status === 'True' || !ABNORMAL.has(type));
  if (available === undefined) return own;
  const { status, reason, message } = available;
  return [{ type: 'Available', status: status ? 'True' : 'False', reason, message }, ...own];
}

/** What a kind does not declare would stay behind when it is over, and is in no documentation. */
function assertDeclared(stated: readonly PlannedCondition[], owned: ReadonlySet<string>): void {
  const stranger = stated.find(({ type }) => !owned.has(type));
  if (stranger === undefined) return;
  throw new Failure({
    consequence: 'Transient',
    code: 'ConditionNotDeclared',
    message: `a plan states the condition ${stranger.type}, which its kind does not declare`,
    hint: 'Report this: it is a fault of the controller.',
  });
}

function shorten(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 1)}…`;
}

/** Adds generation and time; the time stays while the status does. */
function dated(
  planned: PlannedCondition,
  before: readonly Condition[],
  { generation, nowMs }: { readonly generation: number; readonly nowMs: number },
): Condition {
  const { type, status, reason } = planned;
  const earlier = before.find((condition) => condition.type === type);
  return {
    type,
    status,
    observedGeneration: generation,
    lastTransitionTime: earlier?.status === status ? earlier.lastTransitionTime : timestamp(nowMs),
    reason,
    message: shorten(planned.message),
  };
}

/** The fields of the kind: as planned, or as they were if no plan came about. */
function fieldsOf<Step, Status>(
  outcome: Outcome<Step, Status>,
  before: (Status & CommonStatus) | undefined,
) {
  if ('failure' in outcome) return { ...before };
  const { plan } = outcome;
  // A long operation goes on while the object is not done, whether or not the plan mentions it.
  const isUnderway = plan.verdict === 'act' || plan.verdict === 'waiting';
  const keepsHandle = isUnderway && before?.handle !== undefined;
  return { ...(keepsHandle ? { handle: before.handle } : {}), ...plan.status };
}

/**
 * The complete next status after kstatus. Pure; asserts the invariants on everything it returns.
 */
export function nextStatus<Step, Spec, Status>(
  input: StatusInput<Step, Spec, Status>,
): Status & CommonStatus {
  const { object, outcome, owned, nowMs } = input;
  const generation = object.metadata.generation ?? 0;
  const { status } = object;
  const before = status?.conditions ?? [];
  const isPlan = 'plan' in outcome;
  const stage = isPlan ? stageOfPlan(outcome.plan) : stageOfFailure(outcome.failure);
  const stated = isPlan ? conditionsOfPlan(outcome.plan) : [];
  assertDeclared(stated, owned);
  const planned = [...conditionsOfStage(stage), ...stated];
  const isPlanned = (type: string) => planned.some((item) => item.type === type);
  const isReplaced = (type: string) =>
    isPlanned(type) ||
    (isPlan
      ? OF_RUNTIME.has(type) || owned.has(type)
      : OF_RUNTIME.has(type) && type !== 'Available');
  const kept = before.filter(({ type }) => !isReplaced(type));
  const next = {
    ...fieldsOf(outcome, status),
    observedGeneration:
      stage.state === 'reconciling'
        ? Math.min(status?.observedGeneration ?? -1, generation)
        : generation,
    conditions: [...planned.map((item) => dated(item, before, { generation, nowMs })), ...kept],
  };
  const isOurs = (type: string) => isPlanned(type) || OF_RUNTIME.has(type) || owned.has(type);
  assertStatus(generation, next, isOurs);
  return next as Status & CommonStatus;
}
