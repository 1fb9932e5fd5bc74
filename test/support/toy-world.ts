import { createHandler } from '../../src/apiserver/http/handler.ts';
import { openApiServerCore } from '../../src/apiserver/open.ts';
import type { ApiRequest } from '../../src/core/transport.ts';
import { noMetrics, type Metrics } from '../../src/host/metrics.ts';
import type { Connector } from '../../src/connectors/connector.ts';
import type { Connection } from '../../src/reconcilers/ports.ts';
import { systemClock } from '../../src/host/clock.ts';
import { silentLog } from '../../src/host/log.ts';
import { kubeClient, type KubeClient } from '../../src/kube/client.ts';
import { createManager, type Manager } from '../../src/kube/manager.ts';
import { addControllers, admissionOf, listersOf } from '../../src/main/controllers.ts';
import { apiWriter } from '../../src/main/writer.ts';
import type { LayerIndex } from '../../src/core/layer.ts';
import type { ToyOutside } from './toy-outside.ts';

/** A controller process with its API, both in memory. */
export interface ToyController {
  readonly client: KubeClient;
  /** Requests of the controllers that are no reads, in order. */
  readonly writes: readonly ApiRequest[];
  stop(): Promise<void>;
}

/** Registers the real controllers over a toy outside, and what somebody puts before parts of it. */
export function addToyControllers(
  manager: Manager,
  outside: ToyOutside,
  { store, connector }: { readonly store: LayerIndex; readonly connector: Connector },
): void {
  const listers = listersOf(manager);
  const connection: Connection = { connector, location: `sha256:${'0'.repeat(64)}` };
  addControllers(manager, {
    listers,
    writer: apiWriter(manager.client, manager.caches),
    store,
    jobs: outside.jobs,
    connections: {
      connect: async (namespace, name) =>
        listers.connectorConfigs.get(namespace, name) === undefined ? undefined : connection,
      refresh: async () => connection,
    },
    admission: admissionOf(listers),
    watchOutside: (changed) => outside.watch(changed),
    importsFiles: true,
  });
}

/** Starts the real API server, the real runtime and the real reconcilers over a toy outside. */
export async function startToyController(
  outside: ToyOutside,
  metrics: Metrics = noMetrics,
): Promise<ToyController> {
  const common = { clock: systemClock, random: Math.random, log: silentLog };
  const path = ':memory:';
  let uids = 0;
  const newUid = () => `uid-${process.hrtime.bigint()}-${(uids += 1)}`;
  const core = await openApiServerCore({ path, newUid, ...common });
  const { service: objects, resources } = core;
  const handler = createHandler({ objects, resources, ...common, version: '0.0.0' });
  const writes: ApiRequest[] = [];
  const client = kubeClient((request) => {
    if (request.method !== 'GET') writes.push(request);
    return handler(request);
  });
  const manager = createManager({ client, metrics, ...common });
  const { index: store, platform } = outside;
  addToyControllers(manager, outside, { store, connector: platform.connector });
  manager.start();
  return {
    client: kubeClient(handler),
    writes,
    stop: async () => {
      await manager.stop();
      await core.close();
      outside.forgetProcess();
    },
  };
}
