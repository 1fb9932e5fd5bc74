import { buffer } from 'node:stream/consumers';
import type { ApiRequest } from '../../src/core/transport.ts';
import { kubeClient, type KubeClient } from '../../src/kube/client.ts';
import { readKubeconfig } from '../../src/kube/kubeconfig.ts';
import { networkTransport, type NetworkTransport } from '../../src/kube/network.ts';
import { pathOf, type Resource } from '../../src/kube/resource.ts';

/** A client with connections of its own, sixteen at most, and what it sends its requests by. */
export interface Wire extends NetworkTransport {
  readonly client: KubeClient;
}

/** Goes over the network, as the kubeconfig in a file says. */
export async function connect(kubeconfig: string): Promise<Wire> {
  const network = networkTransport(await readKubeconfig(kubeconfig));
  return { ...network, client: kubeClient(network.send) };
}

/** Sends what the client has no call for, and reads the answer to its end; fails unless that is a success. */
export async function answerTo({ send }: Wire, request: Omit<ApiRequest, 'headers'>, type = '') {
  const headers = { accept: 'application/json', ...(type === '' ? {} : { 'content-type': type }) };
  const { status, body } = await send({ ...request, headers });
  const bytes = await buffer(body);
  if (status < 300) return bytes;
  throw new Error(`${request.method} ${request.path}: ${status}: ${bytes.toString()}`);
}

/** The version of all that a server holds, from a list that is as short as it can be. */
export async function newestVersion(wire: Wire, resource: Resource): Promise<string> {
  const path = `${pathOf(resource)}?limit=1`;
  const list: unknown = JSON.parse((await answerTo(wire, { method: 'GET', path })).toString());
  return (list as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
}
