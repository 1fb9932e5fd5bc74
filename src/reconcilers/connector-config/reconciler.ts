import type {
  ConnectorConfigSpec,
  ConnectorConfigStatus,
} from '../../api/kinds/connector-config.ts';
import type { Verification } from '../../connectors/connector.ts';
import { transient } from '../../core/failure.ts';
import type { Reconciler } from '../../kube/reconciler.ts';
import { namespaceOf, type ConnectorConfig } from '../objects.ts';
import type { Ports } from '../ports.ts';
import { planConnector } from './plan.ts';

/** Runs the two checks of a configuration. It never changes anything, so it has no steps. */
export function connectorConfigReconciler({
  connectorFor,
}: Pick<Ports, 'connectorFor'>): Reconciler<
  ConnectorConfigSpec,
  ConnectorConfigStatus,
  Verification,
  never
> {
  return {
    observe: async (config: ConnectorConfig, signal) => {
      const connector = connectorFor(namespaceOf(config), config.metadata.name);
      if (connector === undefined) throw transient('NotOpenYet', 'the connector is being opened');
      return connector.verify(signal);
    },
    plan: (_config, world) => planConnector(world),
    act: async () => undefined,
  };
}
