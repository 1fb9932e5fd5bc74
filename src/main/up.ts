import { chmod, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { HealthCheck } from '../apiserver/http/health.ts';
import { openApiServer } from '../apiserver/server.ts';
import { probeHypervisor } from '../connectors/local/probe.ts';
import type { LocalOptions } from '../connectors/local/settings.ts';
import { denied, messageOf } from '../core/failure.ts';
import { holdAlone } from '../host/lock.ts';
import { systemClock } from '../host/clock.ts';
import { startDetached } from '../host/detached.ts';
import { makeFolder } from '../host/files.ts';
import type { Log } from '../host/log.ts';
import type { Metrics } from '../host/metrics.ts';
import { prometheusMetrics } from '../host/prometheus.ts';
import { withRoom } from '../host/room.ts';
import { run } from '../host/run.ts';
import { childRunner, type ChildRunnerOptions } from '../jobs/child-runner.ts';
import type { JobRunner } from '../jobs/spec.ts';
import type { WorkerConfig } from '../jobs/worker-config.ts';
import { kubeClient } from '../kube/client.ts';
import { createManager, type Manager } from '../kube/manager.ts';
import { measured } from '../kube/measured.ts';
import { resourceOf } from '../kube/resource.ts';
import type { ConnectorConfig } from '../reconcilers/objects.ts';
import { startSource, type RunningSource } from '../sources/source.ts';
import { openStore, type LayerStore } from '../store/store.ts';
import { connectionPool } from './connections.ts';
import { addControllers, admissionOf, listersOf } from './controllers.ts';
import { diskCheck, eventLoopCheck, freeBytes, sourceCheck, syncCheck } from './health-checks.ts';
import { openSource } from './open-source.ts';
import { outside } from './outside.ts';
import { localPlatformOf, type PlatformOf } from './platforms.ts';
import { measureStages } from './stage-metrics.ts';
import { runFolder } from './run-folder.ts';
import { checkSameStore, rememberStore } from './same-store.ts';
import { VERSION } from './version.ts';
import { apiWriter } from './writer.ts';

/** What `lamina up` is told. */
export interface UpOptions {
  readonly dataDir: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly importRoot?: string;
  /** Media may come from loopback, link-local and metadata addresses; not by default. */
  readonly allowLocalMedia?: boolean;
  readonly source?: string;
  /** How often a git repository is looked at. */
  readonly pollMs: number;
  readonly namespace: string;
  readonly log: Log;
  /** The platforms besides this host, which alone is known by default. */
  readonly platforms?: (local: PlatformOf, installId: string) => PlatformOf;
  /** Processes of this host by default. */
  readonly runner?: (options: ChildRunnerOptions) => JobRunner;
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
    return await withRoom([options.dataDir], () => start(options, started));
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
  const metrics = prometheusMetrics();
  const common = { clock: systemClock, random: Math.random, log, metrics };
  const checks: HealthCheck[] = [diskCheck(dataDir), runningCheck(started)];
  metrics.gauge('lamina_data_free_bytes', {}, () => freeBytes(dataDir));
  const server = await openApiServer({ dataDir, listen, version: VERSION, checks, ...common });
  started.defer(() => server.close());
  const { url, kubeconfigPath: kubeconfig } = server;
  const transport = measured(server.handler, { metrics, clock: systemClock, host: 'embedded' });
  const manager = createManager({ client: kubeClient(transport), ...common });
  checks.push(syncCheck(manager));
  await addEverything(manager, { ...options, dataDir, kubeconfig, metrics }, started);
  measureStages(manager.caches, metrics, systemClock);
  manager.start();
  started.defer(() => manager.stop());
  const source = followSource(manager, { ...options, dataDir });
  if (source !== undefined) checks.push(sourceCheck(source));
  started.defer(async () => source?.stop());
  return { url, kubeconfig, close: () => started.disposeAsync() };
}

/** The beat of the event loop, for as long as the system runs. */
function runningCheck(started: AsyncDisposableStack): HealthCheck {
  const over = new AbortController();
  started.defer(() => over.abort());
  return eventLoopCheck(systemClock, over.signal);
}

/** What outlives a start, and whom jobs may ask. */
interface Surroundings extends UpOptions {
  readonly kubeconfig: string;
  readonly metrics: Metrics;
}

async function addEverything(
  manager: Manager,
  options: Surroundings,
  started: AsyncDisposableStack,
): Promise<void> {
  const { dataDir, log, metrics } = options;
  const common = { clock: systemClock, random: Math.random, log, metrics };
  const store = await openSameStore(dataDir);
  const jobs = (options.runner ?? childRunner)({
    worker: workerConfig(options),
    ...common,
    env: jobVariables(),
  });
  started.defer(() => jobs.close());
  const { installId } = store;
  const local = localPlatformOf(await localOptions(options, installId));
  const platformOf = options.platforms?.(local, installId) ?? local;
  const configs = manager.caches.of<ConnectorConfig>(resourceOf('ConnectorConfig'));
  const connections = connectionPool({ configs, client: manager.client, platformOf, log });
  started.defer(() => connections.close());
  const listers = listersOf(manager);
  addControllers(manager, {
    listers,
    writer: apiWriter(manager.client, manager.caches),
    store,
    jobs,
    connections,
    admission: admissionOf(listers),
    watchOutside: outside(jobs, connections),
    importsFiles: options.importRoot !== undefined,
  });
}

async function openSameStore(dataDir: string): Promise<LayerStore> {
  const folder = join(dataDir, 'store');
  const idFile = join(dataDir, 'store-id');
  await checkSameStore(folder, idFile);
  const store = await openStore(folder, { clock: systemClock });
  await rememberStore(idFile, store.installId);
  return store;
}

function workerConfig(options: Surroundings): WorkerConfig {
  const { dataDir, importRoot, allowLocalMedia = false, kubeconfig } = options;
  return {
    allowLocalMedia,
    store: join(dataDir, 'store'),
    work: join(dataDir, 'work'),
    machines: join(dataDir, 'machines'),
    kubeconfig,
    ...(importRoot === undefined ? {} : { importRoot }),
  };
}

async function localOptions({ dataDir, log }: UpOptions, installId: string): Promise<LocalOptions> {
  const cacheFile = join(dataDir, 'hypervisor.json');
  return {
    machinesDir: join(dataDir, 'machines'),
    runDir: await runFolder(dataDir),
    installId,
    run,
    start: startDetached,
    clock: systemClock,
    log,
    hypervisor: (signal) => probeHypervisor({ run, clock: systemClock, cacheFile, signal }),
  };
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

/** Makes the folders of a data directory; nobody else on the machine may look into them. */
async function makeFolders(root: string, names: readonly string[]): Promise<void> {
  try {
    await makeFolder(root, 0o700);
    await chmod(root, 0o700);
    for (const name of names) await makeFolder(join(root, name));
  } catch (error) {
    const message = `the data folder ${root} cannot be made: ${messageOf(error)}`;
    throw denied('NoDataFolder', message, 'Name a folder that this user may make, with --data.');
  }
}

function followSource(manager: Manager, options: UpOptions): RunningSource | undefined {
  if (options.source === undefined) return undefined;
  const { namespace, pollMs, log } = options;
  return startSource({
    name: 'up',
    source: openSource(options.source, {
      cacheFolder: join(options.dataDir, 'source'),
      namespace,
      log,
    }),
    client: manager.client,
    clock: systemClock,
    random: Math.random,
    log,
    pollMs,
  });
}
