import type { Transfer } from '../connectors/connector.ts';
import { Failure } from '../core/failure.ts';
import type { ConnectorRef } from '../jobs/spec.ts';
import { superseded } from '../jobs/tools.ts';
import type { WorkerConfig } from '../jobs/worker-config.ts';
import type { KubeClient } from '../kube/client.ts';
import { resourceOf } from '../kube/resource.ts';
import type { ConnectorConfig } from '../reconcilers/objects.ts';
import { readCredential } from './credential.ts';
import { connectorPlace, type PlatformOf } from './platforms.ts';
import { askApi } from './worker-api.ts';

/** Asks the API once for what stands there now. */
interface Asking {
  readonly client: KubeClient;
  readonly ref: ConnectorRef;
  readonly signal: AbortSignal;
}

async function configOf({ client, ref, signal }: Asking): Promise<ConnectorConfig> {
  const { namespace, name } = ref;
  const resource = resourceOf('ConnectorConfig');
  const found = await client.get<ConnectorConfig>(resource, namespace, name, signal);
  if (found !== undefined) return found;
  throw new Failure({
    consequence: 'Lost',
    code: 'ConnectorGone',
    message: `there is no ConnectorConfig ${namespace}/${name} any more`,
    hint: 'Apply it again.',
  });
}

/** Opens the data verbs of the location that a job was planned for. */
export function transferFor(
  ref: ConnectorRef,
  options: { readonly platformOf: PlatformOf; readonly worker: WorkerConfig },
  signal: AbortSignal,
): Promise<Transfer> {
  return askApi(options.worker, (client) =>
    transferBy({ client, ref, signal }, options.platformOf),
  );
}

async function transferBy(asking: Asking, platformOf: PlatformOf): Promise<Transfer> {
  const { client, ref, signal } = asking;
  const config = await configOf(asking);
  const { platform, spec, location, secret } = connectorPlace(config, platformOf);
  const { namespace, name } = ref;
  if (location !== ref.location) {
    throw superseded(`the ConnectorConfig ${namespace}/${name} leads elsewhere by now`);
  }
  const neededBy = `ConnectorConfig/${name}`;
  const credential =
    secret === undefined
      ? {}
      : await readCredential(client, { namespace, secret, neededBy }, signal);
  return platform.transfer({ spec, credential });
}
