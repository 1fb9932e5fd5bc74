import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { HealthCheck } from '../apiserver/http/health.ts';
import { systemClock } from '../host/clock.ts';
import { writeFileAtomic } from '../host/files.ts';
import type { Metrics } from '../host/metrics.ts';
import { prometheusMetrics } from '../host/prometheus.ts';
import { kubeClient } from '../kube/client.ts';
import { openCluster, type Cluster } from '../kube/cluster.ts';
import { kubeconfigText } from '../kube/kubeconfig.ts';
import { lead } from '../kube/leader.ts';
import { measured } from '../kube/measured.ts';
import {
  holdDataFolder,
  startControllers,
  startedWhole,
  watchProcess,
  type InstallationOptions,
} from './installation.ts';
import { serveProbes } from './probes.ts';
import { LEASE_NAME, leaseNamespace } from './rbac.ts';

/** What `lamina controller` is told. */
export interface ControllerOptions extends InstallationOptions {
  readonly kubeconfig?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** All namespaces if left out. */
  readonly onlyNamespace?: string;
  readonly leaderElect: boolean;
  /** Where health and metrics are; nowhere if left out. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** Ends the wait for the lease. */
  readonly signal: AbortSignal;
  /** Called when another process may lead: everything must end at once. */
  readonly lost: (why: string) => void;
}

/** Controllers that work on a cluster. */
export interface RunningController {
  readonly server: string;
  close(): Promise<void>;
}

/** Lamina's controllers over the API of a real cluster; store, jobs and machines are on this host. */
export function controller(options: ControllerOptions): Promise<RunningController> {
  return startedWhole(options, (started) => start(options, started));
}

async function start(
  options: ControllerOptions,
  started: AsyncDisposableStack,
): Promise<RunningController> {
  const { listen, log } = options;
  const metrics = prometheusMetrics();
  const checks: HealthCheck[] = [];
  const cluster = await openCluster({ ...options, clock: systemClock });
  started.defer(() => cluster.close());
  if (listen !== undefined) await serveProbes({ listen, checks, metrics, log }, started);
  if (options.leaderElect) await elect(options, { cluster, metrics }, started);
  // Whoever waits leaves the data folder to the one that leads: they have the same one.
  const dataDir = await holdDataFolder(options, started);
  watchProcess({ dataDir, metrics, checks }, started);
  const kubeconfig = join(dataDir, 'kubeconfig');
  await cluster.share((target) => writeFileAtomic(kubeconfig, kubeconfigText(target), 0o600));
  const { server, send: transport } = cluster;
  const own = { dataDir, transport, host: new URL(server).host, kubeconfig, metrics, checks };
  await startControllers({ ...options, ...own }, started);
  return { server, close: () => started.disposeAsync() };
}

/** The lease is given up last, when nothing of ours works any more. */
async function elect(
  options: ControllerOptions,
  { cluster, metrics }: { readonly cluster: Cluster; readonly metrics: Metrics },
  started: AsyncDisposableStack,
): Promise<void> {
  const { signal, lost, log, onlyNamespace } = options;
  const host = new URL(cluster.server).host;
  let leads = 0;
  metrics.gauge('leader_election_master_status', { name: LEASE_NAME }, () => leads);
  const leadership = await lead({
    client: kubeClient(measured(cluster.send, { metrics, clock: systemClock, host })),
    namespace: leaseNamespace(onlyNamespace),
    name: LEASE_NAME,
    identity: `${hostname()}_${randomUUID()}`,
    clock: systemClock,
    random: Math.random,
    log,
    lost,
    signal,
  });
  leads = 1;
  started.defer(() => leadership.release());
}
