import type {
  ConnectorConfigSpec,
  ConnectorConfigStatus,
} from '../../api/kinds/connector-config.ts';
import type { Verification } from '../../connectors/connector.ts';
import { failureData } from '../../core/failure.ts';
import type { ControllerSpec } from '../../kube/controller.ts';
import { resourceOf } from '../../kube/resource.ts';
import { IMAGE_CONNECTOR, inNamespace, MACHINE_CONNECTOR } from '../indexes.ts';
import {
  FINALIZERS,
  isDeleting,
  isPublished,
  namespaceOf,
  type ConnectorConfig,
  type LayeredImage,
  type PackagingMachine,
} from '../objects.ts';
import type { Ports } from '../ports.ts';
import { watching } from '../watching.ts';
import { planConnector, type ConnectorWorld } from './plan.ts';

/** Runs the two checks of a configuration. It never changes anything, so it has no steps. */
export function connectorConfigController(
  ports: Pick<Ports, 'connections' | 'listers'>,
): ControllerSpec<ConnectorConfigSpec, ConnectorConfigStatus, ConnectorWorld, never> {
  return {
    name: 'connectorconfig',
    resource: resourceOf('ConnectorConfig'),
    reconciler: {
      observe: async (config, signal) => ({
        // Whoever deletes it does not want to know whether it could be used.
        verification: isDeleting(config) ? undefined : await verify(ports, config, signal),
        users: usersOf(ports, config),
      }),
      plan: planConnector,
      act: async () => undefined,
    },
    indexes: [MACHINE_CONNECTOR, IMAGE_CONNECTOR],
    // What it cleans up for decides when it may go.
    watches: [
      watching<PackagingMachine>({
        kind: 'PackagingMachine',
        facet: ({ metadata }) => metadata.uid,
        map: connectorOf,
      }),
      watching<LayeredImage>({
        kind: 'LayeredImage',
        facet: (image) => [isPublished(image), isDeleting(image)],
        map: connectorOf,
      }),
    ],
    finalizer: FINALIZERS.ConnectorConfig,
    workers: 2,
  };
}

function connectorOf(user: PackagingMachine | LayeredImage): readonly string[] {
  return [inNamespace(namespaceOf(user), user.spec.connectorRef.name)];
}

/** Reads the credential afresh, so that a Secret that was mended is seen. */
async function verify(
  { connections }: Pick<Ports, 'connections'>,
  config: ConnectorConfig,
  signal: AbortSignal,
): Promise<Verification> {
  try {
    const connection = await connections.refresh(namespaceOf(config), config.metadata.name);
    if (connection !== undefined) return await connection.connector.verify(signal);
    return failed('NotOpen', 'the configuration is not known yet');
  } catch (error) {
    const { consequence, code, message, hint } = failureData(error);
    // An outage says nothing about the configuration: what was found before stays.
    if (consequence !== 'Denied' && consequence !== 'Impossible') throw error;
    return failed(code, hint === undefined ? message : `${message}. ${hint}`);
  }
}

function failed(reason: string, message: string): Verification {
  const check = { ok: false, reason, message };
  return { credentials: check, location: check };
}

/** Published images stay where they are and need nobody. */
function usersOf({ listers }: Pick<Ports, 'listers'>, config: ConnectorConfig): readonly string[] {
  const value = inNamespace(namespaceOf(config), config.metadata.name);
  const images = listers.layeredImages.by(IMAGE_CONNECTOR.name, value);
  return [
    ...listers.packagingMachines.by(MACHINE_CONNECTOR.name, value),
    ...images.filter((image) => isDeleting(image) || !isPublished(image)),
  ].map(({ kind, metadata }) => `${kind}/${metadata.name}`);
}
