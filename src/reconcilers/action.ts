import type { LayerVersionStatus } from '../api/kinds/layer-version.ts';
import { timestamp } from '../core/clock.ts';
import type { PlannedCondition } from '../kube/reconciler.ts';

/** What a person must do, as `status.action` shows it. */
export type Action = NonNullable<LayerVersionStatus['action']>;

/** What a plan says of it; the time is added here. */
export type Wanted = Omit<Action, 'since'>;

/** The action for the status: its clock goes on while the same thing is waited for. */
export function actionSince(wanted: Wanted, before: Action | undefined, nowMs: number): Action {
  const same = before?.gate === wanted.gate && before.token === wanted.token;
  return { ...wanted, since: same ? before.since : timestamp(nowMs) };
}

/** The condition that goes with an action. */
export function actionCondition(wanted: Wanted): PlannedCondition {
  return { type: 'ActionRequired', status: 'True', reason: wanted.gate, message: wanted.text };
}
