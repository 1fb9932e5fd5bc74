import { POWER_ON_REQUESTED } from '../../api/annotations.ts';
import type { PackagingMachineStatus } from '../../api/kinds/packaging-machine.ts';
import type { MachineSeen } from '../../connectors/connector.ts';
import type { Plan, PlannedCondition, Verdict } from '../../kube/reconciler.ts';
import { holds, isDeleting, type PackagingMachine } from '../objects.ts';

/** What the plan of a machine looks at. */
export interface MachineWorld {
  /** False while its ConnectorConfig does not exist. */
  readonly connected: boolean;
  readonly hasDisk: boolean;
  readonly seen: MachineSeen | undefined;
}

/** What a machine can do. */
export interface MachineStep {
  readonly do: 'putDisk' | 'create' | 'powerOn' | 'deleteMachine' | 'deleteDisk';
}

/** Keeps one machine on its platform as long as its object exists. */
export function planMachine(
  machine: PackagingMachine,
  world: MachineWorld,
): Plan<MachineStep, PackagingMachineStatus> {
  const { seen } = world;
  const status: PackagingMachineStatus =
    seen === undefined
      ? {}
      : {
          power: seen.power,
          location: { ...locationOf(seen), machine: seen.key, text: seen.location },
        };
  return { status, conditions: conditionsOf(machine, seen), ...next(machine, world) };
}

function locationOf({ console }: MachineSeen): { path?: string } {
  return console.serialSocket === undefined ? {} : { path: console.serialSocket };
}

function conditionsOf(
  machine: PackagingMachine,
  seen: MachineSeen | undefined,
): readonly PlannedCondition[] {
  if (seen === undefined) return [];
  const ran = seen.poweredOnAt !== undefined || seen.power === 'on' || holds(machine, 'PoweredOn');
  const off = ran && seen.power === 'off';
  const conditions: PlannedCondition[] = [
    { type: 'Created', status: 'True', reason: 'Observed', message: 'it exists on the platform' },
  ];
  if (ran) {
    conditions.push({
      type: 'PoweredOn',
      status: 'True',
      reason: 'Observed',
      message: 'it was switched on',
    });
  }
  conditions.push({
    type: 'ShutDown',
    status: off ? 'True' : 'False',
    reason: 'Observed',
    message: off ? 'it is off after it ran' : 'it has not been shut down',
  });
  return conditions;
}

function next(machine: PackagingMachine, world: MachineWorld): Verdict<MachineStep> {
  const { seen, hasDisk } = world;
  if (!world.connected) return disconnected(machine);
  if (isDeleting(machine)) return leave(world);
  if (seen === undefined) {
    const steps: readonly [MachineStep, ...MachineStep[]] = hasDisk
      ? [{ do: 'create' }]
      : [{ do: 'putDisk' }, { do: 'create' }];
    return { verdict: 'act', reason: 'Creating', message: 'making disk and machine', steps };
  }
  if (seen.power === 'on') {
    return { verdict: 'waiting', reason: 'Running', message: `it is on; ${seen.location}` };
  }
  // Only the first power-on is ours: afterwards a person may be at work between two boots.
  if (seen.poweredOnAt === undefined || powerOnRequested(machine, seen.poweredOnAt)) {
    return {
      verdict: 'act',
      reason: 'Creating',
      message: 'switching it on',
      steps: [{ do: 'powerOn' }],
    };
  }
  return { verdict: 'settled', reason: 'ShutDown', message: 'it is off after it ran' };
}

function powerOnRequested(machine: PackagingMachine, lastMs: number): boolean {
  const requested = Date.parse(machine.metadata.annotations?.[POWER_ON_REQUESTED] ?? '');
  return Number.isFinite(requested) && requested > lastMs;
}

function disconnected(machine: PackagingMachine): Verdict<MachineStep> {
  const name = machine.spec.connectorRef.name;
  const message = `waits for ConnectorConfig/${name}, which does not exist`;
  return { verdict: 'waiting', reason: 'Creating', message };
}

function leave({ seen, hasDisk }: MachineWorld): Verdict<MachineStep> {
  const steps: MachineStep[] = [];
  if (seen !== undefined) steps.push({ do: 'deleteMachine' });
  if (hasDisk) steps.push({ do: 'deleteDisk' });
  const [first, ...rest] = steps;
  if (first === undefined) return { verdict: 'released' };
  const message = 'removing machine and disk from the platform';
  return { verdict: 'act', reason: 'Deleting', message, steps: [first, ...rest] };
}
