import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { openApiServer } from '../apiserver/server.ts';
import { localConnector } from '../connectors/local/connector.ts';
import { probeHypervisor } from '../connectors/local/probe.ts';
import { holdAlone } from '../host/alone.ts';
import { systemClock } from '../host/clock.ts';
import { startDetached } from '../host/detached.ts';
import type { Log } from '../host/log.ts';
import { run } from '../host/run.ts';
import { childRunner } from '../jobs/child-runner.ts';
import { kubeClient } from '../kube/client.ts';
import { createManager, type Manager } from '../kube/manager.ts';
import { resourceOf } from '../kube/resource.ts';
import type { ConnectorConfig } from '../reconcilers/objects.ts';
import { startSource, type RunningSource } from '../sources/source.ts';
import { openStore } from '../store/store.ts';
import { connectorPool } from './connector-pool.ts';
import { addControllers, listersOf } from './controllers.ts';
import { openSource } from './open-source.ts';
import { makeFolders, workplace } from './workplace.ts';
import { runFolder } from './run-folder.ts';
import { VERSION } from './version.ts';
import { apiWriter } from './writer.ts';

/** What `lamina up` is told. */
export interface UpOptions {
  readonly dataDir: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly importRoot?: string;
  readonly source?: string;
  /** How often a git repository is looked at. */
  readonly pollMs: number;
  readonly namespace: string;
  readonly log: Log;
}

/** A system that is up. */
export interface Running {
  readonly url: string;
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/** Everything of one installation in one process; jobs and machines are processes of their own. */
export async function up(options: UpOptions): Promise<Running> {
  // Undone in reverse, whether the start fails half-way or the end is asked for.
  const started = new AsyncDisposableStack();
  try {
    return await start(options, started);
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

async function start(options: UpOptions, started: AsyncDisposableStack): Promise<Running> {
  const { listen, log } = options;
  await makeFolders(options.dataDir, ['store', 'work', 'machines', 'source']);
  const dataDir = await realpath(options.dataDir);
  started.defer(holdAlone(join(dataDir, 'lock.db'), dataDir));
  const common = { clock: systemClock, random: Math.random, log };
  const server = await openApiServer({ dataDir, listen, version: VERSION, ...common });
  started.defer(() => server.close());
  const manager = createManager({ client: kubeClient(server.handler), ...common });
  await addEverything(manager, { ...options, dataDir }, started);
  manager.start();
  started.defer(() => manager.stop());
  const source = followSource(manager, { ...options, dataDir });
  started.defer(async () => source?.stop());
  const { url, kubeconfigPath: kubeconfig } = server;
  return { url, kubeconfig, close: () => started.disposeAsync() };
}

async function addEverything(
  manager: Manager,
  options: UpOptions,
  started: AsyncDisposableStack,
): Promise<void> {
  const { dataDir, log } = options;
  const places = { store: join(dataDir, 'store'), work: join(dataDir, 'work') };
  const store = await openStore(places.store, { clock: systemClock });
  const jobs = childRunner({
    workDir: places.work,
    clock: systemClock,
    log,
    env: jobVariables(),
  });
  started.defer(() => jobs.close());
  const runDir = await runFolder(dataDir);
  const cacheFile = join(dataDir, 'hypervisor.json');
  const open = ({ spec }: ConnectorConfig) =>
    localConnector({
      machinesDir: join(dataDir, 'machines'),
      runDir,
      installId: store.installId,
      spec: spec.local,
      run,
      start: startDetached,
      clock: systemClock,
      log,
      hypervisor: (signal) => probeHypervisor({ run, clock: systemClock, cacheFile, signal }),
    });
  const configs = manager.caches.of<ConnectorConfig>(resourceOf('ConnectorConfig'));
  const connectors = connectorPool(configs, open, log);
  started.defer(() => connectors.close());
  const ports = {
    listers: listersOf(manager),
    writer: apiWriter(manager.client, manager.caches),
    store,
    jobs,
    work: workplace(places, options.importRoot),
    connectorFor: connectors.connectorFor,
  };
  const watch = (changed: (key: string) => void) => {
    const stops = [jobs.watch(changed), connectors.watch(changed)];
    return () => {
      for (const stop of stops) stop();
    };
  };
  addControllers(manager, ports, { watch });
}

/** What jobs need of our environment: to fetch media as we would, and to start as fast. */
function jobVariables(): Readonly<Record<string, string>> {
  const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
  const others = ['NODE_EXTRA_CA_CERTS', 'NODE_COMPILE_CACHE'];
  return Object.fromEntries(
    [...proxies, ...proxies.map((name) => name.toLowerCase()), ...others].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function followSource(manager: Manager, options: UpOptions): RunningSource | undefined {
  if (options.source === undefined) return undefined;
  const { namespace, pollMs, log } = options;
  return startSource({
    name: 'up',
    source: openSource(options.source, join(options.dataDir, 'source')),
    client: manager.client,
    clock: systemClock,
    random: Math.random,
    log,
    namespace,
    pollMs,
  });
}
