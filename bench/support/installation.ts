import { createHandler } from '../../src/apiserver/http/handler.ts';
import { openApiServerCore } from '../../src/apiserver/open.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { LayerIndex } from '../../src/core/layer.ts';
import type { ApiRequest } from '../../src/core/transport.ts';
import { systemClock } from '../../src/host/clock.ts';
import { silentLog } from '../../src/host/log.ts';
import { kubeClient, type KubeClient } from '../../src/kube/client.ts';
import { createManager } from '../../src/kube/manager.ts';
import { addControllers, listersOf } from '../../src/main/controllers.ts';
import { apiWriter } from '../../src/main/writer.ts';
import { ToyOutside } from '../../test/support/toy-world.ts';

/** The real API, runtime and reconcilers over a store, a platform and jobs that only remember. */
export interface Installation {
  /** As a person or kubectl would call the API. */
  readonly client: KubeClient;
  readonly outside: ToyOutside;
  /** Requests of the controllers that are no reads, in order. */
  readonly writes: readonly ApiRequest[];
  stop(): Promise<void>;
}

/** A store that holds every version of the layers that `isStored` names, and what jobs put into it. */
function storeOf(outside: ToyOutside, isStored: (repository: string) => boolean): LayerIndex {
  return {
    ...outside.index,
    find: async (repository, tag) => {
      const found = await outside.index.find(repository, tag);
      if (found !== undefined || !isStored(repository)) return found;
      const content = digestOf({ repository, tag });
      return { repository, tag, manifest: content, content, sizeBytes: 1 };
    },
  };
}

/** Starts one on a database file. */
export async function startInstallation(
  path: string,
  isStored: (repository: string) => boolean,
): Promise<Installation> {
  const common = { clock: systemClock, random: Math.random, log: silentLog };
  const outside = new ToyOutside();
  let uids = 0;
  const newUid = () => `uid-${(uids += 1)}`;
  const core = await openApiServerCore({ path, newUid, ...common });
  const { service: objects, resources } = core;
  const handler = createHandler({ objects, resources, ...common, version: '0.0.0' });
  const writes: ApiRequest[] = [];
  const counted = kubeClient((request) => {
    if (request.method !== 'GET') writes.push(request);
    return handler(request);
  });
  const manager = createManager({ client: counted, ...common });
  const ports = {
    listers: listersOf(manager),
    writer: apiWriter(manager.client, manager.caches),
    store: storeOf(outside, isStored),
    jobs: outside.jobs,
    work: outside.work,
    connectorFor: () => outside.connector,
  };
  addControllers(manager, ports, { watch: (changed) => outside.watch(changed) });
  manager.start();
  return {
    client: kubeClient(handler),
    outside,
    writes,
    stop: async () => {
      await manager.stop();
      await core.close();
    },
  };
}
