import type { Transfer } from '../connectors/connector.ts';
import { Failure, impossible } from '../core/failure.ts';
import type { ConnectorRef } from '../jobs/spec.ts';
import { superseded } from '../jobs/superseded.ts';
import type { WorkerConfig } from '../jobs/worker-config.ts';
import { kubeClient, type KubeClient } from '../kube/client.ts';
import { readKubeconfig } from '../kube/kubeconfig.ts';
import { networkTransport } from '../kube/network.ts';
import { resourceOf } from '../kube/resource.ts';
import type { ConnectorConfig } from '../reconcilers/objects.ts';
import { readCredential } from './credential.ts';
import { connectorPlace, type PlatformOf } from './platforms.ts';

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
export async function transferFor(
  ref: ConnectorRef,
  options: { readonly platformOf: PlatformOf; readonly worker: WorkerConfig },
  signal: AbortSignal,
): Promise<Transfer> {
  const { kubeconfig } = options.worker;
  if (kubeconfig === undefined) {
    const message = 'the process of the job was given no kubeconfig, so it cannot read connectors';
    throw impossible('NoKubeconfig', message, 'Give one to the process of the job.');
  }
  const network = networkTransport(await readKubeconfig(kubeconfig));
  try {
    const asking: Asking = { client: kubeClient(network.send), ref, signal };
    const config = await configOf(asking);
    const { platform, spec, location, secret } = connectorPlace(config, options.platformOf);
    if (location !== ref.location) {
      throw superseded(`the ConnectorConfig ${ref.namespace}/${ref.name} leads elsewhere by now`);
    }
    const { namespace, name: connector } = ref;
    const credential =
      secret === undefined
        ? {}
        : await readCredential(asking.client, { namespace, secret, connector }, signal);
    return platform.transfer({ spec, credential });
  } finally {
    await network.close();
  }
}
