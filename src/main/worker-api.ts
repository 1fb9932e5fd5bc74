import { impossible } from '../core/failure.ts';
import type { WorkerConfig } from '../jobs/worker-config.ts';
import { kubeClient, type KubeClient } from '../kube/client.ts';
import { readKubeconfig } from '../kube/kubeconfig.ts';
import { networkTransport } from '../kube/network.ts';

/** Lets a job ask the API, where connectors and Secrets stand. */
export async function askApi<Answer>(
  { kubeconfig }: WorkerConfig,
  ask: (client: KubeClient) => Promise<Answer>,
): Promise<Answer> {
  if (kubeconfig === undefined) {
    const message =
      'the process of the job was given no kubeconfig, so it cannot read connectors and Secrets';
    throw impossible('NoKubeconfig', message, 'Give one to the process of the job.');
  }
  const network = networkTransport(await readKubeconfig(kubeconfig));
  try {
    return await ask(kubeClient(network.send));
  } finally {
    await network.close();
  }
}
