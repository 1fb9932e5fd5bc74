import { POWER_ON_REQUESTED, conditionOf } from '../../api/object.ts';
import type { PackagingMachineStatus } from '../../api/kinds/packaging-machine.ts';
import type { MachineSeen } from '../../connectors/connector.ts';
import { instantOf } from '../../core/clock.ts';
import type { Plan, PlannedCondition, Verdict } from '../../kube/reconciler.ts';
import { asBefore } from '../action.ts';
import { progressOf, pursue, type JobStep } from '../job-step.ts';
import type { PlatformStep } from '../machine/act.ts';
import { afterOperation, placeOf, removalOf } from '../machine/standing.ts';
import { LOOK_AGAIN_MS, POLL_MS } from '../machine/judge.ts';
import { conditionsBefore, holds, isDeleting, type PackagingMachine } from '../objects.ts';
import type { MachineWorld } from './observe.ts';

/** What a machine can do. */
export type MachineStep = JobStep | PlatformStep | { readonly do: 'cancelJobs' };

/** Keeps one machine on its platform as long as its object exists. */
export function planMachine(
  machine: PackagingMachine,
  world: MachineWorld,
  nowMs: number,
): Plan<MachineStep, PackagingMachineStatus> {
  const seen = machineSeen(world);
  const progress = progressOf(world.upload);
  const created = machine.status?.created === true || seen !== undefined;
  const status: PackagingMachineStatus = {
    ...(created ? { created } : {}),
    ...(progress === undefined ? {} : { progress }),
    ...whereabouts(machine, world, seen),
  };
  return {
    status: afterOperation(status, world.look),
    conditions: conditionsOf(machine, world, seen),
    ...next(machine, world, nowMs),
  };
}

function machineSeen({ look: { seen } }: MachineWorld): MachineSeen | undefined {
  return seen.known ? seen.things.machines[0] : undefined;
}

/** What is shown of the machine; what was shown before, while its platform is not known. */
function whereabouts(
  { spec, status }: PackagingMachine,
  { look }: MachineWorld,
  seen: MachineSeen | undefined,
): PackagingMachineStatus {
  if (!look.seen.known) {
    const { power, location } = status ?? {};
    return {
      ...(power === undefined ? {} : { power }),
      ...(location === undefined ? {} : { location }),
    };
  }
  if (seen === undefined) return {};
  return { power: seen.power, location: placeOf(spec.key, seen) };
}

function of(type: string, status: 'True' | 'False', message: string): PlannedCondition {
  return { type, status, reason: 'Observed', message };
}

function conditionsOf(
  machine: PackagingMachine,
  { look }: MachineWorld,
  seen: MachineSeen | undefined,
): readonly PlannedCondition[] {
  // An outage takes nothing back.
  if (!look.seen.known) return conditionsBefore(machine, OBSERVED);
  if (seen === undefined) return [];
  const ran = seen.boot !== undefined || seen.power === 'on';
  const off = ran && seen.power !== 'on';
  return [
    of('Created', 'True', 'it exists on the platform'),
    ...(ran ? [of('PoweredOn', 'True', 'it was switched on')] : []),
    of(
      'ShutDown',
      off ? 'True' : 'False',
      off ? 'it is off after it ran' : 'it has not been shut down',
    ),
  ];
}

const OBSERVED: ReadonlySet<string> = new Set(['Created', 'PoweredOn', 'ShutDown']);

function next(machine: PackagingMachine, world: MachineWorld, nowMs: number): Verdict<MachineStep> {
  const { standing, look } = world;
  if (!look.connected) {
    const name = machine.spec.connectorRef.name;
    const message = `waits for ConnectorConfig/${name}, which does not exist`;
    return { verdict: 'waiting', reason: 'Waiting', message };
  }
  if (standing.at === 'broken') return act('telling of a failure', tell(standing.failure));
  if (standing.at === 'operating') {
    const message = `the platform is at work, ${Math.floor(standing.percent / 10) * 10} %`;
    return { verdict: 'waiting', reason: 'Creating', message, recheckMs: POLL_MS };
  }
  if (isDeleting(machine)) return leave(machine, world);
  switch (standing.at) {
    case 'unknown':
      return unseen(machine, standing.why);
    case 'lost': {
      const message = 'it is gone from its platform, and is not made again';
      return again({ verdict: 'waiting', reason: 'Lost', message });
    }
    case 'diskless':
      return uploading(world, nowMs);
    case 'otherDisk':
      return act('removing the disk of another composition', { do: 'deleteDisk' });
    case 'unmade':
      return act('making the machine', { do: 'createMachine', want: wanted(machine) });
    case 'fresh':
      return act('switching it on', { do: 'power', want: { to: 'on', after: undefined } });
    case 'running':
      return again({
        verdict: 'waiting',
        reason: 'Running',
        message: `it is on; ${standing.machine.text}`,
      });
    case 'stopped':
      return act('it is off inside; giving back what it costs', {
        do: 'power',
        want: { to: 'off' },
      });
    case 'ended':
      return ended(machine, standing.machine);
  }
}

function act(message: string, step: MachineStep): Verdict<MachineStep> {
  return { verdict: 'act', reason: 'Creating', message, steps: [step] };
}

function tell(failure: Extract<PlatformStep, { do: 'tell' }>['failure']): MachineStep {
  return { do: 'tell', failure };
}

function again(
  verdict: Extract<Verdict<MachineStep>, { verdict: 'waiting' }>,
): Verdict<MachineStep> {
  return { ...verdict, recheckMs: LOOK_AGAIN_MS };
}

function wanted(machine: PackagingMachine) {
  return { displayName: machine.spec.layerVersion, purpose: 'packaging' } as const;
}

/** Goes on as it was: a machine that rested is not awake because nobody can look at it. */
function unseen(machine: PackagingMachine, why: string): Verdict<MachineStep> {
  const before = asBefore(machine, { reason: 'Waiting', why });
  if (!holds(machine, 'Ready') || machine.status?.handle !== undefined) return again(before);
  const { reason, message } = before;
  return { verdict: 'settled', reason, message, recheckMs: LOOK_AGAIN_MS };
}

function uploading({ upload }: MachineWorld, nowMs: number): Verdict<MachineStep> {
  const words = { reason: 'Uploading', doing: 'putting the packaging disk on the platform' };
  if (upload !== undefined) return pursue(upload, words, nowMs);
  return { verdict: 'waiting', reason: 'Waiting', message: 'waits for its version' };
}

/** Only the first power-on is ours: afterwards a person may be at work between two boots. */
function ended(machine: PackagingMachine, seen: MachineSeen): Verdict<MachineStep> {
  const { bootedAt = offSince(machine), boot: after } = seen;
  const requested = instantOf(machine.metadata.annotations?.[POWER_ON_REQUESTED]);
  if (requested > bootedAt) {
    return act('switching it on again', { do: 'power', want: { to: 'on', after } });
  }
  const message = 'it is off after it ran';
  return { verdict: 'settled', reason: 'ShutDown', message, recheckMs: LOOK_AGAIN_MS };
}

/** Since when it is known to be off, where the platform does not know when it was switched on. */
function offSince(machine: PackagingMachine): number {
  return instantOf(conditionOf(machine, 'ShutDown')?.lastTransitionTime);
}

/** Jobs first, since they read or write the disk; then the machine, then its disk. */
function leave(machine: PackagingMachine, world: MachineWorld): Verdict<MachineStep> {
  const { look, hasJobs } = world;
  const message = 'removing machine and disk from the platform';
  const removing = { verdict: 'act', reason: 'Deleting', message } as const;
  if (hasJobs) return { ...removing, steps: [{ do: 'cancelJobs' }] };
  if (!look.seen.known) {
    return again(asBefore(machine, { reason: 'Deleting', why: look.seen.why }));
  }
  const [first, ...rest] = removalOf(look);
  return first === undefined ? { verdict: 'released' } : { ...removing, steps: [first, ...rest] };
}
