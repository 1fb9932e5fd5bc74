import type {
  PackagingMachineSpec,
  PackagingMachineStatus,
} from '../../api/kinds/packaging-machine.ts';
import type { Connector } from '../../connectors/connector.ts';
import { transient } from '../../core/failure.ts';
import type { Reconciler } from '../../kube/reconciler.ts';
import { namespaceOf, type PackagingMachine } from '../objects.ts';
import type { Ports } from '../ports.ts';
import { planMachine, type MachineStep, type MachineWorld } from './plan.ts';

/** Keeps a packaging machine on its platform. */
export function packagingMachineReconciler({
  connectorFor,
}: Pick<Ports, 'connectorFor'>): Reconciler<
  PackagingMachineSpec,
  PackagingMachineStatus,
  MachineWorld,
  MachineStep
> {
  const connectorOf = (machine: PackagingMachine) =>
    connectorFor(namespaceOf(machine), machine.spec.connectorRef.name);
  return {
    observe: async (machine, signal) => {
      const connector = connectorOf(machine);
      if (connector === undefined) return { connected: false, hasDisk: false, seen: undefined };
      return look(connector, machine.spec.key, signal);
    },
    plan: planMachine,
    act: async (step, machine, signal) => {
      const connector = connectorOf(machine);
      if (connector === undefined) throw transient('ConnectorGone', 'the connector is gone');
      await act(connector, step, machine, signal);
    },
  };
}

async function look(connector: Connector, key: string, signal: AbortSignal): Promise<MachineWorld> {
  const seen = await connector.findMachine(key, signal);
  // A machine that is on holds its disk; asking for it would only be told that.
  const hasDisk = seen?.power === 'on' || (await connector.getDisk(key, signal)) !== undefined;
  return { connected: true, hasDisk, seen };
}

async function act(
  connector: Connector,
  step: MachineStep,
  machine: PackagingMachine,
  signal: AbortSignal,
): Promise<void> {
  const { key, disk, layerVersion } = machine.spec;
  switch (step.do) {
    case 'putDisk':
      return connector.putDisk(key, disk, signal);
    case 'create':
      return connector.createMachine(
        key,
        { displayName: layerVersion, purpose: 'packaging' },
        signal,
      );
    case 'powerOn':
      return connector.power(key, 'on', signal);
    case 'deleteMachine':
      return connector.deleteMachine(key, signal);
    case 'deleteDisk':
      return connector.deleteDisk(key, signal);
  }
}
