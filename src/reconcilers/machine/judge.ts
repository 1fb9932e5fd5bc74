import type { Description, MachineSeen } from '../../connectors/connector.ts';
import type { InspectionRecord } from '../../core/evidence.ts';
import type { MachineLook } from './look.ts';

/** Longest that an unattended machine may take from its making to its end. */
const STAGE_LIMIT_MS = 12 * 3_600_000;
/** Longest that a guest may be silent after its boot, where the connector hears guests. */
const BOOT_LIMIT_MS = 10 * 60_000;
/** How often an unattended machine is started over. */
export const MOST_ATTEMPTS = 3;
/** What rests is looked at again this often, since its platform may have forgotten to tell us. */
export const LOOK_AGAIN_MS = 10 * 60_000;
/** How often the operation of a handle is asked for. */
export const POLL_MS = 2000;

/** How often an unattended machine was started over, as status keeps it. */
export interface Attempts {
  readonly count: number;
  readonly ended: string;
}

/** What becomes of an unattended machine that died, was lost or took too long. */
export type StartOver =
  /** Counted before; what is left of it goes. */
  | { readonly next: 'remove'; readonly attempts: Attempts }
  /** Counted now, then removed. */
  | { readonly next: 'count'; readonly attempts: Attempts }
  /** It was started over often enough: a person must look. */
  | { readonly next: 'ask' };

/** Whether to start over, when `ended` is what came to its end. Pure. */
export function startOver(before: Attempts | undefined, ended: string): StartOver {
  if (before?.ended === ended) return { next: 'remove', attempts: before };
  const count = (before?.count ?? 0) + 1;
  if (count > MOST_ATTEMPTS) return { next: 'ask' };
  return { next: 'count', attempts: { count, ended } };
}

/** The inspection if it speaks of this machine as it was left by its last boot. */
export function currentInspection(
  record: InspectionRecord | undefined,
  machine: MachineSeen,
  composition: string | undefined,
): InspectionRecord | undefined {
  if (record?.boot !== machine.boot) return undefined;
  return composition === undefined || record?.composition === composition ? record : undefined;
}

/** Why an unattended machine that is on has had its time; undefined while it has not. */
export function overdue(
  { can }: Pick<MachineLook, 'can'>,
  machine: MachineSeen,
  madeAtMs: number,
  nowMs: number,
): string | undefined {
  if (nowMs - madeAtMs >= STAGE_LIMIT_MS) {
    return `it did not end within ${STAGE_LIMIT_MS / 3_600_000} hours`;
  }
  const { heardAt, bootedAt } = machine;
  const isSilent = can.heartbeat && heardAt === undefined && bootedAt !== undefined;
  if (!isSilent || nowMs - bootedAt < BOOT_LIMIT_MS) return undefined;
  return `nothing was heard from it within ${BOOT_LIMIT_MS / 60_000} minutes of its boot`;
}

/** When a machine that is on must be looked at again. */
export function lookAgainMs(
  { can }: Pick<MachineLook, 'can'>,
  { heardAt, bootedAt }: MachineSeen,
  madeAtMs: number,
  nowMs: number,
): number {
  const stage = madeAtMs + STAGE_LIMIT_MS - nowMs;
  const isSilent = can.heartbeat && heardAt === undefined && bootedAt !== undefined;
  const boot = isSilent ? bootedAt + BOOT_LIMIT_MS - nowMs : LOOK_AGAIN_MS;
  return Math.max(1000, Math.min(stage, boot, LOOK_AGAIN_MS));
}

/** The last words of a console, for the end of a message. */
export function lastWords(description: Description | undefined): string {
  const lines = description?.lastLines ?? [];
  return lines.length === 0 ? '' : ` Its console ended with: ${lines.slice(-5).join(' | ')}`;
}
