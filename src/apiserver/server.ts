import { randomUUID } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import type { Clock, Random } from '../core/clock.ts';
import { messageOf } from '../core/failure.ts';
import type { Transport } from '../core/transport.ts';
import { makeFolder } from '../host/files.ts';
import type { Log } from '../host/log.ts';
import { noMetrics, type Metrics, type MetricsPage } from '../host/metrics.ts';
import { keptAuthority, SERVER_RENEWAL_MS, serverCertificate } from './certificates/authority.ts';
import { portIn, writeKubeconfig } from './certificates/kubeconfig.ts';
import { keptToken } from './certificates/token.ts';
import type { Service } from './http/exchange.ts';
import { guard } from './http/guard.ts';
import type { HealthCheck } from './http/health.ts';
import { createHandler } from './http/handler.ts';
import { limiter, NETWORK_LIMITS } from './http/limits.ts';
import { listen, type Listener, type ListenOptions } from './http/listener.ts';
import { isApiError } from './model/errors.ts';
import { openApiServerCore } from './open.ts';

/** Where the embedded API keeps its data, and where it listens. */
export interface ApiServerOptions {
  /** Holds `api.db`, `kubeconfig` and `pki/`; made when it is missing. */
  readonly dataDir: string;
  readonly listen: {
    readonly host: string;
    /** 0 takes the port of the last run if it is free, else any. */
    readonly port: number;
  };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Version of Lamina, as `/version` tells it. */
  readonly version: string;
  /** What health tells of besides the database; the list may grow. */
  readonly checks?: readonly HealthCheck[];
  /** Shown at `/metrics`. */
  readonly metrics?: Metrics & MetricsPage;
}

/** The running embedded API. */
export interface ApiServer {
  /** The whole API as a direct call: trusted, without socket, TLS or token. */
  readonly handler: Transport;
  /** Where the network finds it. */
  readonly url: string;
  /** A kubeconfig of mode 0600 with authority and token. */
  readonly kubeconfigPath: string;
  /** Ends watches and connections, finishes what was accepted, closes the database. */
  close(): Promise<void>;
}

interface Network {
  readonly listener: Listener;
  readonly url: string;
}

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** A host as it stands in the kubeconfig: this machine, if the server listens everywhere. */
function reachable(host: string): string {
  if (WILDCARDS.has(host) || host === 'localhost') return '127.0.0.1';
  return isIPv6(host) ? `[${host}]` : host;
}

/** Replaces the certificate of a server that runs for long. */
async function renewal(clock: Clock, signal: AbortSignal, renew: () => void): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(SERVER_RENEWAL_MS, signal).catch(() => undefined);
    if (!signal.aborted) renew();
  }
}

function admission(
  token: string,
  hosts: readonly string[],
  metrics: Metrics = noMetrics,
): Service['admit'] {
  const check = guard({ token, hosts });
  const take = limiter(NETWORK_LIMITS, metrics);
  return (head, trusted) => {
    try {
      const isHolder = check(head);
      if (isHolder) trusted();
      return take(head, isHolder);
    } catch (error) {
      const code = isApiError(error) ? String(error.status.code) : '500';
      metrics.add('lamina_api_refusals_total', 1, { code });
      throw error;
    }
  };
}

/** Listens on the port of the last run if it is free, so that copies of the kubeconfig stay good. */
async function listenAgain(
  service: Service,
  options: ListenOptions,
  kept: number | undefined,
): Promise<Listener> {
  if (options.port !== 0 || kept === undefined) return listen(service, options);
  try {
    return await listen(service, { ...options, port: kept });
  } catch (error) {
    const fields = { port: kept, cause: messageOf(error) };
    options.log.warn('the port of the last run is not free: copied kubeconfigs are stale', fields);
    return listen(service, options);
  }
}

async function openNetwork(
  options: ApiServerOptions,
  handler: Transport,
  closing: AbortSignal,
): Promise<Network> {
  const { dataDir, clock, log, metrics } = options;
  const { host, port } = options.listen;
  const pki = join(dataDir, 'pki');
  await makeFolder(pki, 0o700);
  const token = await keptToken(join(pki, 'token'));
  const authority = await keptAuthority(join(pki, 'ca.pem'), clock.now());
  const hosts = WILDCARDS.has(host) ? LOOPBACK : [...new Set([...LOOPBACK, host])];
  const issue = () => serverCertificate(authority, hosts, clock.now());
  const kubeconfig = join(dataDir, 'kubeconfig');
  const listener = await listenAgain(
    { admit: admission(token, hosts, metrics), transport: handler },
    { host, port, certificate: issue(), clock, log, metrics },
    await portIn(kubeconfig),
  );
  void renewal(clock, closing, () => listener.renew(issue()));
  const url = `https://${reachable(host)}:${listener.port}`;
  await writeKubeconfig(kubeconfig, { server: url, authority: authority.certificate, token });
  return { listener, url };
}

/** Opens the database, listens, and writes the kubeconfig; then the API is being served. */
export async function openApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { dataDir, clock, random, log, version } = options;
  await makeFolder(dataDir, 0o700);
  const core = await openApiServerCore({
    path: join(dataDir, 'api.db'),
    clock,
    random,
    newUid: () => randomUUID(),
    log,
  });
  const closing = new AbortController();
  const close = async (network?: Network) => {
    closing.abort();
    await network?.listener.close();
    await core.close();
  };
  try {
    const { service: objects, resources } = core;
    const { checks = [], metrics } = options;
    const database: HealthCheck = { name: 'database', isVital: false, check: () => core.probe() };
    const handler = createHandler({
      objects,
      resources,
      clock,
      log,
      version,
      checks: () => [database, ...checks],
      metrics,
    });
    metrics?.gauge('lamina_api_database_bytes', {}, () => core.databaseBytes());
    const network = await openNetwork(options, handler, closing.signal);
    let closed: Promise<void> | undefined;
    return {
      handler,
      url: network.url,
      kubeconfigPath: join(dataDir, 'kubeconfig'),
      close: () => (closed ??= close(network)),
    };
  } catch (error) {
    await close();
    throw error;
  }
}
