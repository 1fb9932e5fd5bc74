import type { ConnectorConfigStatus } from '../../api/kinds/connector-config.ts';
import type { Check, Verification } from '../../connectors/connector.ts';
import type { Plan, PlannedCondition } from '../../kube/reconciler.ts';

/** The cure of a failed check lies outside the spec, so it is looked at again, never stalled. */
const RECHECK_FAILED_MS = 300_000;
const RECHECK_GOOD_MS = 900_000;

/** Ready once both checks pass. */
export function planConnector(world: Verification): Plan<never, ConnectorConfigStatus> {
  const conditions = [
    condition('CredentialsValid', world.credentials),
    condition('LocationValid', world.location),
  ];
  const failed = [world.credentials, world.location].find((check) => !check.ok);
  if (failed !== undefined) {
    const { message } = failed;
    return {
      status: {},
      conditions,
      verdict: 'waiting',
      reason: 'CheckFailed',
      message,
      recheckMs: RECHECK_FAILED_MS,
    };
  }
  const { message } = world.location;
  return {
    status: {},
    conditions,
    verdict: 'settled',
    reason: 'Verified',
    message,
    recheckMs: RECHECK_GOOD_MS,
  };
}

function condition(type: string, { ok, reason, message }: Check): PlannedCondition {
  return { type, status: ok ? 'True' : 'False', reason, message };
}
