import type { ConnectorConfigStatus } from '../../api/kinds/connector-config.ts';
import type { Check, Verification } from '../../connectors/connector.ts';
import type { Plan, PlannedCondition } from '../../kube/reconciler.ts';
import { conditionsBefore, type ConnectorConfig } from '../objects.ts';

/** What the plan of a configuration looks at. */
export interface ConnectorWorld {
  /** Absent for a configuration that is being deleted. */
  readonly verification: Verification | undefined;
  /** Objects with something on the platform that only this connector can remove. */
  readonly users: readonly string[];
}

/** The cure of a failed check lies outside the spec, so it is looked at again, never stalled. */
const RECHECK_FAILED_MS = 300_000;
const RECHECK_GOOD_MS = 900_000;

/** Ready once both checks pass; stays until nobody needs it to clean up. */
export function planConnector(
  config: ConnectorConfig,
  { verification, users }: ConnectorWorld,
): Plan<never, ConnectorConfigStatus> {
  if (verification === undefined) return leaving(config, users);
  const { credentials, location } = verification;
  const conditions = [
    condition('CredentialsValid', credentials),
    condition('LocationValid', location),
  ];
  const base = { status: {}, conditions };
  const failed = [credentials, location].find((check) => !check.ok);
  const { message } = failed ?? location;
  return failed === undefined
    ? { ...base, verdict: 'settled', reason: 'Verified', message, recheckMs: RECHECK_GOOD_MS }
    : { ...base, verdict: 'waiting', reason: 'CheckFailed', message, recheckMs: RECHECK_FAILED_MS };
}

function leaving(
  config: ConnectorConfig,
  users: readonly string[],
): Plan<never, ConnectorConfigStatus> {
  const base = { status: {}, conditions: conditionsBefore(config, CHECKS) };
  if (users.length === 0) return { ...base, verdict: 'released' };
  const message = `still needed to clean up: ${users.slice(0, 5).join(', ')}`;
  return { ...base, verdict: 'waiting', reason: 'InUse', message };
}

const CHECKS: ReadonlySet<string> = new Set(['CredentialsValid', 'LocationValid']);

function condition(type: string, { ok, reason, message }: Check): PlannedCondition {
  return { type, status: ok ? 'True' : 'False', reason, message };
}
