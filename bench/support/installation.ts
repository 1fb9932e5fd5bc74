import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openApiServer } from '../../src/apiserver/server.ts';
import type { Connector } from '../../src/connectors/connector.ts';
import type { Clock } from '../../src/core/clock.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { LayerIndex } from '../../src/core/layer.ts';
import type { ApiRequest, Transport } from '../../src/core/transport.ts';
import { systemClock } from '../../src/host/clock.ts';
import { silentLog } from '../../src/host/log.ts';
import { kubeClient, type KubeClient } from '../../src/kube/client.ts';
import { openCluster } from '../../src/kube/cluster.ts';
import { createManager } from '../../src/kube/manager.ts';
import type { Metrics } from '../../src/host/metrics.ts';
import { ANNOTATION } from '../../src/store/names.ts';
import { openStore, type LayerStore } from '../../src/store/store.ts';
import { ToyOutside } from '../../test/support/toy-outside.ts';
import { addToyControllers } from '../../test/support/toy-world.ts';

/** The real API, runtime, reconcilers and store index over a platform and jobs that only remember. */
export interface Installation {
  readonly client: KubeClient;
  readonly outside: ToyOutside;
  /** Starts the controllers; resolves when they know what there is. */
  start(): Promise<void>;
}

/** Where it lies, and whom it works for. */
interface InstallationPlace {
  readonly dataDir: string;
  readonly layers: number;
  readonly kubeconfig: string | undefined;
}

/** Who hears of what an installation does. */
export interface Listening {
  /** A request of the controllers that is no read. */
  wrote(request: ApiRequest): void;
  /** The end of a pass. */
  passed(controller: string, ms: number): void;
}

/** Layers of this name are not in the store. */
export const UNBUILT = 'unbuilt';

/** The clock of the machine, in parts of a millisecond: many passes take less than one. */
const FINE_CLOCK: Clock = { ...systemClock, now: () => performance.timeOrigin + performance.now() };

/** A store of so many layers, whose index says what any other says that has as many. */
async function filledStore(folder: string, layers: number): Promise<LayerStore> {
  const store = await openStore(folder, { clock: systemClock });
  const manifests = Array.from({ length: layers }, (_, i) => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digestOf(i),
    size: 1234,
    annotations: {
      [ANNOTATION.refName]: `lamina/default/app/other-${i}:1-00000000`,
      [ANNOTATION.content]: digestOf(i),
      [ANNOTATION.storedSize]: '1234567',
    },
  }));
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  return store;
}

/** That store, which claims to hold every version but the unbuilt, and what jobs only pretend to put into it. */
function storeOf(real: LayerStore, { index }: ToyOutside): LayerIndex {
  return {
    installId: index.installId,
    listTags: async (repository) => [
      ...(await real.listTags(repository)),
      ...(await index.listTags(repository)),
    ],
    find: async (repository, tag) => {
      const found = (await real.find(repository, tag)) ?? (await index.find(repository, tag));
      if (found !== undefined || repository.includes(UNBUILT)) return found;
      const content = digestOf({ repository, tag });
      return { repository, tag, manifest: content, content, sizeBytes: 1 };
    },
    evidence: {
      ...index.evidence,
      composed: async (id) =>
        (await real.evidence.composed(id)) ?? (await index.evidence.composed(id)),
      inspection: async (key) =>
        (await real.evidence.inspection(key)) ?? (await index.evidence.inspection(key)),
    },
  };
}

/** A platform that holds every publication which anybody asks for. */
function platformOf({ platform }: ToyOutside): Connector {
  const { connector } = platform;
  return {
    ...connector,
    view: async (key) => {
      const seen = await connector.view(key);
      const revision = /^lamina-limg-.*-([0-9a-f]{8})-[0-9a-f]{8}$/.exec(key)?.[1];
      if (!seen.known || revision === undefined) return seen;
      const published = { id: key, revision, text: `In a toy as ${key}.` };
      return { known: true, things: { ...seen.things, publications: [published] } };
    },
  };
}

function metricsOf(listening: Listening): Metrics {
  return {
    add: () => undefined,
    gauge: () => undefined,
    observe: (name, seconds, { controller = '' }) => {
      if (name !== 'controller_runtime_reconcile_time_seconds') return;
      listening.passed(controller, seconds * 1000);
    },
  };
}

/** A direct call into an API of our own, or the way of `lamina controller` to that of a cluster. */
async function openTransport(dataDir: string, kubeconfig: string | undefined): Promise<Transport> {
  const common = { clock: systemClock, log: silentLog };
  if (kubeconfig !== undefined) {
    return (await openCluster({ kubeconfig, environment: {}, ...common })).send;
  }
  const listen = { host: '127.0.0.1', port: 0 };
  const options = { dataDir, listen, random: Math.random, ...common, version: '0.0.0' };
  return (await openApiServer(options)).handler;
}

/**
 * Opens one in a data folder, with so many layers in its store. Without the kubeconfig of a cluster it has an API of
 * its own, whose kubeconfig is in the folder.
 */
export async function openInstallation(
  { dataDir, layers, kubeconfig }: InstallationPlace,
  listening: Listening,
): Promise<Installation> {
  const transport = await openTransport(dataDir, kubeconfig);
  const counted = kubeClient((request) => {
    if (request.method !== 'GET') listening.wrote(request);
    return transport(request);
  });
  const manager = createManager({
    client: counted,
    random: Math.random,
    log: silentLog,
    clock: FINE_CLOCK,
    metrics: metricsOf(listening),
  });
  const outside = new ToyOutside();
  addToyControllers(manager, outside, {
    store: storeOf(await filledStore(join(dataDir, 'store'), layers), outside),
    connector: platformOf(outside),
  });
  return {
    client: kubeClient(transport),
    outside,
    start: () => {
      manager.start();
      return manager.synced();
    },
  };
}
