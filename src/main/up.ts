import { join } from 'node:path';
import type { HealthCheck } from '../apiserver/http/health.ts';
import { openApiServer } from '../apiserver/server.ts';
import { systemClock } from '../host/clock.ts';
import { prometheusMetrics } from '../host/prometheus.ts';
import type { Manager } from '../kube/manager.ts';
import { startSource, type RunningSource } from '../sources/source.ts';
import { sourceCheck } from './health-checks.ts';
import {
  holdDataFolder,
  startControllers,
  startedWhole,
  watchProcess,
  type InstallationOptions,
} from './installation.ts';
import { openSource } from './open-source.ts';
import { VERSION } from './version.ts';

/** What `lamina up` is told. */
export interface UpOptions extends InstallationOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly source?: string;
  /** How often a git repository is looked at. */
  readonly pollMs: number;
  readonly namespace: string;
}

/** A system that is up. */
export interface Running {
  readonly url: string;
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/** Everything of one installation in one process; jobs and machines are processes of their own. */
export function up(options: UpOptions): Promise<Running> {
  return startedWhole(options, (started) => start(options, started));
}

async function start(options: UpOptions, started: AsyncDisposableStack): Promise<Running> {
  const { listen, log } = options;
  const dataDir = await holdDataFolder(options, started);
  const metrics = prometheusMetrics();
  const common = { clock: systemClock, random: Math.random, log, metrics };
  const checks: HealthCheck[] = [];
  watchProcess({ dataDir, metrics, checks }, started);
  const server = await openApiServer({ dataDir, listen, version: VERSION, checks, ...common });
  started.defer(() => server.close());
  const { url, kubeconfigPath: kubeconfig, handler: transport } = server;
  const own = { dataDir, transport, host: 'embedded', kubeconfig, log, metrics, checks };
  const manager = await startControllers({ ...options, ...own }, started);
  const source = followSource(manager, { ...options, dataDir });
  if (source !== undefined) checks.push(sourceCheck(source));
  started.defer(async () => source?.stop());
  return { url, kubeconfig, close: () => started.disposeAsync() };
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
