import { chmod, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { HealthCheck } from '../apiserver/http/health.ts';
import { probeHypervisor } from '../connectors/local/probe.ts';
import type { LocalOptions } from '../connectors/local/settings.ts';
import { denied, messageOf } from '../core/failure.ts';
import type { Transport } from '../core/transport.ts';
import { systemClock } from '../host/clock.ts';
import { startDetached } from '../host/detached.ts';
import { makeFolder } from '../host/files.ts';
import { holdAlone } from '../host/lock.ts';
import type { Log } from '../host/log.ts';
import type { Metrics } from '../host/metrics.ts';
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
import { openStore, type LayerStore } from '../store/store.ts';
import { connectionPool } from './connections.ts';
import { addControllers, admissionOf, listersOf } from './controllers.ts';
import { diskCheck, eventLoopCheck, freeBytes, syncCheck } from './health-checks.ts';
import { outside } from './outside.ts';
import { localPlatformOf, type PlatformOf } from './platforms.ts';
import { runFolder } from './run-folder.ts';
import { checkSameStore, rememberStore } from './same-store.ts';
import { measureStages } from './stage-metrics.ts';
import { VERSION } from './version.ts';
import { apiWriter } from './writer.ts';

/** What an installation is told, whichever API its controllers work with. */
export interface InstallationOptions {
  readonly dataDir: string;
  readonly importRoot?: string;
  /** Media may come from loopback, link-local and metadata addresses; not by default. */
  readonly allowLocalMedia?: boolean;
  readonly log: Log;
  /** The platforms besides this host, which alone is known by default. */
  readonly platforms?: (local: PlatformOf, installId: string) => PlatformOf;
  /** Processes of this host by default. */
  readonly runner?: (options: ChildRunnerOptions) => JobRunner;
}

/** An API, and whom to ask how the controllers are. */
export interface ControllersOptions extends InstallationOptions {
  readonly transport: Transport;
  /** Whom the transport leads to, as metrics call it. */
  readonly host: string;
  /** The namespace that the controllers work in; all of them if left out. */
  readonly onlyNamespace?: string;
  /** How jobs reach the same API. */
  readonly kubeconfig: string;
  readonly metrics: Metrics;
  /** Health checks are added here. */
  readonly checks: HealthCheck[];
}

/** Starts it as a whole: what was started is undone in reverse if the start fails half-way. */
export async function startedWhole<Running>(
  { dataDir }: InstallationOptions,
  start: (started: AsyncDisposableStack) => Promise<Running>,
): Promise<Running> {
  const started = new AsyncDisposableStack();
  try {
    return await withRoom([dataDir], () => start(started));
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

/** Makes a data directory for this process alone, with its folders; returns its real path. */
export async function holdDataFolder(
  { dataDir: given }: InstallationOptions,
  started: AsyncDisposableStack,
): Promise<string> {
  await makeFolders(given, ['store', 'work', 'machines', 'source']);
  const dataDir = await realpath(given);
  started.defer(holdAlone(join(dataDir, 'lock.db'), dataDir));
  return dataDir;
}

/** Tells of the process and its disk. */
export function watchProcess(
  { dataDir, metrics, checks }: Pick<ControllersOptions, 'dataDir' | 'metrics' | 'checks'>,
  started: AsyncDisposableStack,
): void {
  const over = new AbortController();
  started.defer(() => over.abort());
  checks.push(diskCheck(dataDir), eventLoopCheck(systemClock, over.signal));
  metrics.gauge('lamina_data_free_bytes', {}, () => freeBytes(dataDir));
}

/** Starts all controllers over an API. */
export async function startControllers(
  options: ControllersOptions,
  started: AsyncDisposableStack,
): Promise<Manager> {
  const { transport, host, onlyNamespace: namespace, log, metrics, checks } = options;
  const send = measured(transport, { metrics, clock: systemClock, host });
  const manager = createManager({
    client: kubeClient(send, { userAgent: `lamina/${VERSION}` }),
    clock: systemClock,
    random: Math.random,
    log,
    metrics,
    ...(namespace === undefined ? {} : { namespace }),
  });
  checks.push(syncCheck(manager));
  await addEverything(manager, options, started);
  measureStages(manager.caches, metrics, systemClock);
  manager.start();
  started.defer(() => manager.stop());
  return manager;
}

async function addEverything(
  manager: Manager,
  options: ControllersOptions,
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

function workerConfig(options: ControllersOptions): WorkerConfig {
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

async function localOptions(
  { dataDir, log }: InstallationOptions,
  installId: string,
): Promise<LocalOptions> {
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
