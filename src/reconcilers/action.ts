import type { LayerVersionStatus } from '../api/kinds/layer-version.ts';
import { conditionOf, type ApiObject, type CommonStatus } from '../api/object.ts';
import { timestamp } from '../core/clock.ts';
import type { PlannedCondition, Verdict } from '../kube/reconciler.ts';

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

/** A verdict, and what a person must do where that is what it waits for. */
export type Next<Step> = Verdict<Step> & { readonly action?: Wanted };

/** The part of a status that asks a person; not every kind has it. */
interface Asking extends CommonStatus {
  readonly action?: Action;
}

/** Waiting, and what a person must do meanwhile. */
type Waits = Extract<Verdict<never>, { verdict: 'waiting' }> & { readonly action?: Wanted };

/** Asks a person, who acts on a machine. */
export function ask(
  wanted: Pick<Wanted, 'gate' | 'text' | 'token'>,
  machine: string | undefined,
): Waits {
  const action = { ...wanted, ...(machine === undefined ? {} : { machine }) };
  return { verdict: 'waiting', reason: 'ActionRequired', message: wanted.text, action };
}

/**
 * Goes on showing what was shown before, while the platform is not known: an outage says nothing about the
 * object, and a person who was asked to act is still asked.
 */
export function asBefore(
  object: ApiObject<unknown, Asking>,
  otherwise: { readonly reason: string; readonly why: string },
): Waits {
  const ready = conditionOf(object, 'Ready');
  const { reason = otherwise.reason, message = otherwise.why } = ready ?? {};
  const { action } = object.status ?? {};
  const waiting = { verdict: 'waiting', reason, message } as const;
  return action === undefined ? waiting : { ...waiting, action };
}
