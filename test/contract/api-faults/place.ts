import { join } from 'node:path';
import { writeKubeconfig } from '../../../src/apiserver/certificates/kubeconfig.ts';
import type { Clock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/host/log.ts';
import { kubeClient, type KubeClient } from '../../../src/kube/client.ts';
import { openCluster, type Cluster } from '../../../src/kube/cluster.ts';
import { readKubeconfig } from '../../../src/kube/kubeconfig.ts';
import { networkTransport, type NetworkTransport } from '../../../src/kube/network.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { temporaryFolder } from '../../support/folder.ts';

interface Parts {
  readonly folder: AsyncDisposable & { readonly path: string };
  readonly straight: NetworkTransport;
  readonly proxy: FaultProxy;
  readonly cluster: Cluster;
}

function loginOf({ url, ca, token }: FaultProxy) {
  return { server: url, authority: ca, token };
}

/** A server, the way to it, and the way through a proxy that does harm. */
export class Place {
  readonly proxy: FaultProxy;
  /** As a controller goes, through the proxy. */
  readonly client: KubeClient;
  /** Past the proxy. */
  readonly straight: NetworkTransport;
  private readonly parts: Parts;

  private constructor(parts: Parts) {
    this.parts = parts;
    this.proxy = parts.proxy;
    this.straight = parts.straight;
    this.client = kubeClient(parts.cluster.send);
  }

  static async open(kubeconfig: string, clock: Clock): Promise<Place> {
    const target = await readKubeconfig(kubeconfig);
    const folder = await temporaryFolder();
    const proxy = await FaultProxy.open(target, folder.path);
    const path = join(folder.path, 'kubeconfig');
    await writeKubeconfig(path, loginOf(proxy));
    const common = { kubeconfig: path, environment: {}, clock, log: silentLog };
    const cluster = await openCluster(common);
    return new Place({ folder, straight: networkTransport(target), proxy, cluster });
  }

  /** From now on the proxy believes another token, which nobody has yet. */
  expireToken(): void {
    this.proxy.token += '-new';
  }

  /** Gives the token that the proxy believes to whoever reads the kubeconfig again. */
  async handOutToken(): Promise<void> {
    await writeKubeconfig(join(this.parts.folder.path, 'kubeconfig'), loginOf(this.proxy));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.parts.cluster.close();
    await this.proxy[Symbol.asyncDispose]();
    await this.straight.close();
    await this.parts.folder[Symbol.asyncDispose]();
  }
}
