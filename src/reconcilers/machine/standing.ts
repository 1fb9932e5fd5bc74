import type { CommonStatus } from '../../api/object.ts';
import type { FailureData } from '../../core/failure.ts';
import type { DiskSeen, MachineSeen } from '../../connectors/connector.ts';
import type { MachineLook } from './look.ts';

/** What we know of a machine besides its platform. */
export interface Known {
  /** Id of the composition that its disk is to hold, once its inputs are known. */
  readonly composition: string | undefined;
  /** True once it was seen: from then on it is not made again. */
  readonly created: boolean;
}

/** Where a machine stands on its platform. */
export type Standing =
  /** The platform is not known for now. */
  | { readonly at: 'unknown'; readonly why: string }
  /** An operation that we began is under way. */
  | { readonly at: 'operating'; readonly percent: number }
  /** It failed: this is told, and the verb is tried again. */
  | { readonly at: 'broken'; readonly failure: FailureData }
  /** It was there and is gone. */
  | { readonly at: 'lost' }
  /** There is no complete disk. */
  | { readonly at: 'diskless' }
  /** The disk holds another composition, and no machine has it. */
  | { readonly at: 'otherDisk'; readonly disk: DiskSeen }
  /** The disk is there, the machine is not. */
  | { readonly at: 'unmade'; readonly disk: DiskSeen }
  /** It was never switched on. */
  | { readonly at: 'fresh'; readonly machine: MachineSeen }
  | { readonly at: 'running'; readonly machine: MachineSeen }
  /** Off inside, but still paid for. */
  | { readonly at: 'stopped'; readonly machine: MachineSeen }
  /** Off after it ran. */
  | { readonly at: 'ended'; readonly machine: MachineSeen };

/** Where a machine stands, from what was seen of it. Pure. */
export function standingOf(look: MachineLook, known: Known): Standing {
  const { seen, operation } = look;
  if (operation?.state === 'running') return { at: 'operating', percent: operation.percent };
  if (operation?.state === 'failed') return { at: 'broken', failure: operation.failure };
  if (!seen.known) return { at: 'unknown', why: seen.why };
  const { machines, disks } = seen.things;
  const [machine] = machines;
  if (machine !== undefined) return standingOfMachine(machine);
  if (known.created) return { at: 'lost' };
  const disk = disks.find(({ state }) => state === 'ready');
  if (disk === undefined) return { at: 'diskless' };
  return isOther(disk, known) ? { at: 'otherDisk', disk } : { at: 'unmade', disk };
}

function standingOfMachine(machine: MachineSeen): Standing {
  if (machine.power === 'on') return { at: 'running', machine };
  if (machine.power === 'stopped') return { at: 'stopped', machine };
  return { at: machine.boot === undefined ? 'fresh' : 'ended', machine };
}

/** Disks of older releases do not say what they hold: the key stands for it. */
function isOther({ composition }: DiskSeen, known: Known): boolean {
  return (
    composition !== undefined &&
    known.composition !== undefined &&
    composition !== known.composition
  );
}

/** Where a person finds a machine, as status tells it. */
export function placeOf(key: string, { text, serialSocket }: MachineSeen) {
  return { text, machine: key, ...(serialSocket === undefined ? {} : { path: serialSocket }) };
}

/** The id of the disk that lies under the key, complete or not. */
export function diskOf({ seen }: MachineLook): string | undefined {
  return seen.known ? seen.things.disks[0]?.id : undefined;
}

/** The status with its handle, unless the operation has ended. */
export function afterOperation<Status extends CommonStatus>(
  status: Status,
  { operation }: MachineLook,
): Status {
  const isOver = operation !== undefined && operation.state !== 'running';
  return isOver ? { ...status, handle: undefined } : status;
}

/** How a machine and its disk are removed. */
type Removal = { readonly do: 'deleteMachine' | 'deleteDisk' };

/**
 * What must be called next so that nothing of a machine is left; nothing once nothing is. What is not
 * complete shows in no view: then both verbs are called, which look for themselves.
 */
export function removalOf({ seen, isListed }: MachineLook): readonly Removal[] {
  if (!seen.known) return [];
  const { machines, disks, publications } = seen.things;
  if (machines.length > 0) return [{ do: 'deleteMachine' }];
  if (disks.length > 0) return [{ do: 'deleteDisk' }];
  // A publication is listed too, and stays.
  if (!isListed || publications.length > 0) return [];
  return [{ do: 'deleteMachine' }, { do: 'deleteDisk' }];
}
