import type {
  ConnectorConfigSpec,
  ConnectorConfigStatus,
} from '../../api/kinds/connector-config.ts';
import { transient } from '../../core/failure.ts';
import type { Reconciler } from '../../kube/reconciler.ts';
import { holds, isDeleting, namespaceOf, type ConnectorConfig } from '../objects.ts';
import type { Ports } from '../ports.ts';
import { planConnector, type ConnectorWorld } from './plan.ts';

/** Runs the two checks of a configuration. It never changes anything, so it has no steps. */
export function connectorConfigReconciler(
  ports: Pick<Ports, 'connectorFor' | 'listers'>,
): Reconciler<ConnectorConfigSpec, ConnectorConfigStatus, ConnectorWorld, never> {
  return {
    observe: async (config, signal) => {
      const connector = ports.connectorFor(namespaceOf(config), config.metadata.name);
      if (connector === undefined) throw transient('NotOpen', 'the connector is not open');
      return { verification: await connector.verify(signal), users: usersOf(ports, config) };
    },
    plan: planConnector,
    act: async () => undefined,
  };
}

/** Published images stay where they are and need nobody. */
function usersOf({ listers }: Pick<Ports, 'listers'>, config: ConnectorConfig): readonly string[] {
  const namespace = namespaceOf(config);
  const machines = listers.packagingMachines.list(namespace);
  const images = listers.layeredImages
    .list(namespace)
    .filter((image) => isDeleting(image) || !holds(image, 'Ready'));
  return [...machines, ...images]
    .filter(({ spec }) => spec.connectorRef.name === config.metadata.name)
    .map(({ kind, metadata }) => `${kind}/${metadata.name}`);
}
