import type {
  PackagingMachineSpec,
  PackagingMachineStatus,
} from '../../api/kinds/packaging-machine.ts';
import type { ControllerSpec } from '../../kube/controller.ts';
import { resourceOf } from '../../kube/resource.ts';
import { inNamespace, MACHINE_CONNECTOR, MACHINE_KEY, MACHINE_VERSION } from '../indexes.ts';
import { actOnPlatform } from '../machine/act.ts';
import { FINALIZERS, namespaceOf, type LayerVersion, type PackagingMachine } from '../objects.ts';
import type { Ports } from '../ports.ts';
import { keysOf, watching, watchingConnectors, watchingOutside } from '../watching.ts';
import { observeMachine, type MachineWorld } from './observe.ts';
import { planMachine, type MachineStep } from './plan.ts';

/** Keeps packaging machines on their platforms. */
export function packagingMachineController(
  ports: Ports,
): ControllerSpec<PackagingMachineSpec, PackagingMachineStatus, MachineWorld, MachineStep> {
  const { listers, watchOutside } = ports;
  return {
    name: 'packagingmachine',
    resource: resourceOf('PackagingMachine'),
    reconciler: {
      observe: (machine, signal) => observeMachine(ports, machine, signal),
      plan: planMachine,
      act: (step, machine, signal) => act(ports, step, machine, signal),
    },
    indexes: [MACHINE_CONNECTOR, MACHINE_KEY, MACHINE_VERSION],
    watches: [
      watchingConnectors(listers.packagingMachines, MACHINE_CONNECTOR),
      watching<LayerVersion>({
        kind: 'LayerVersion',
        // Its recipe says what the disk is made from.
        facet: ({ metadata }) => metadata.uid,
        map: (version) =>
          keysOf(
            listers.packagingMachines.by(
              MACHINE_VERSION.name,
              inNamespace(namespaceOf(version), version.metadata.name),
            ),
          ),
      }),
    ],
    external: (wake) => watchingOutside(watchOutside, listers.packagingMachines, MACHINE_KEY, wake),
    finalizer: FINALIZERS.PackagingMachine,
    workers: 4,
  };
}

async function act(
  { jobs, connections }: Ports,
  step: MachineStep,
  machine: PackagingMachine,
  signal: AbortSignal,
): Promise<{ readonly handle: string } | void> {
  const { key, connectorRef } = machine.spec;
  if (step.do === 'startJob') return jobs.start(step.spec);
  if (step.do === 'cancelJobs') return jobs.cancel(key);
  const at = { namespace: namespaceOf(machine), connector: connectorRef.name, key };
  return actOnPlatform(connections, at, step, signal);
}
