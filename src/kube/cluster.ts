import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../core/clock.ts';
import { denied, impossible, isFailure, messageOf, type Failure } from '../core/failure.ts';
import { isObject, jsonEqual } from '../core/json.ts';
import type { ApiRequest, ApiResponse } from '../core/transport.ts';
import type { Log } from '../host/log.ts';
import type { KubeconfigTarget } from './kubeconfig.ts';
import { networkTransport, type NetworkTransport } from './network.ts';

/** How to find a cluster. */
export interface ClusterOptions {
  /** A kubeconfig; else `$KUBECONFIG`, the service account of this pod, or `~/.kube/config`. */
  readonly kubeconfig?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
  /** Where the folders of this pod begin; the root by default. */
  readonly podRoot?: string;
}

/** A real cluster, whatever it takes to log in. */
export interface Cluster extends NetworkTransport {
  readonly server: string;
  /** Where we are at home: that of the pod, or of the kubeconfig. */
  readonly namespace: string;
  /** Tells how others get in with our credential, now and whenever it changed. */
  share(keep: (target: KubeconfigTarget) => Promise<void>): Promise<void>;
}

const POD_TOKEN = 'var/run/secrets/kubernetes.io/serviceaccount/token';
/** Tokens in files are replaced while they are good, and programs say how long theirs are: as client-go. */
const FRESH_MS = 60_000;
const REFUSED = 401;

/** What requests are sent with. */
interface Way {
  readonly target: KubeconfigTarget;
  readonly network: NetworkTransport;
  readonly readAt: number;
}

/** Reads who we are, and who the cluster is. Loads the library that knows every way to log in. */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const cluster = new LiveCluster(options);
  await cluster.open();
  return cluster;
}

async function isPod({ environment, podRoot = '/' }: ClusterOptions): Promise<boolean> {
  if ((environment['KUBERNETES_SERVICE_HOST'] ?? '') === '') return false;
  const token = join(podRoot, POD_TOKEN);
  return access(token, constants.R_OK).then(
    () => true,
    () => false,
  );
}

async function load(options: ClusterOptions): Promise<KubeConfig> {
  const { kubeconfig, environment, podRoot = '/' } = options;
  const { KubeConfig: Config } = await import('@kubernetes/client-node');
  const config = new Config();
  if (kubeconfig !== undefined) config.loadFromFile(kubeconfig);
  else if ((environment['KUBECONFIG'] ?? '') === '' && (await isPod(options))) {
    config.loadFromCluster(podRoot.replace(/\/$/, ''));
  } else config.loadFromDefault();
  return config;
}

function unsupported(what: string): Failure {
  const message = `kubeconfig: ${what} is not supported`;
  return impossible('UnsupportedKubeconfig', message, 'Use a context without it.');
}

/** What the library would do and we do not: refused, lest we go another way or as somebody else. */
function checkSupported(config: KubeConfig): void {
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (cluster?.proxyUrl) throw unsupported('proxy-url');
  if (user?.impersonateUser) throw unsupported('as');
  if (user?.username) throw unsupported('username');
  if (cluster === null || user === null || !cluster.server.startsWith('https://')) {
    const hint = 'Name a kubeconfig by --kubeconfig or $KUBECONFIG, or run in a pod.';
    throw denied('NoCluster', 'no kubeconfig leads to a cluster that is asked over https', hint);
  }
}

/** Asks the plugin, the file or the issuer that the kubeconfig names, unless it was asked lately. */
async function targetOf(config: KubeConfig): Promise<KubeconfigTarget> {
  checkSupported(config);
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { servername, rejectUnauthorized, headers } = options;
  const [ca, cert, key] = [textIn(options.ca), textIn(options.cert), textIn(options.key)];
  const identity: unknown = isObject(headers) ? headers['Authorization'] : undefined;
  return {
    server: config.getCurrentCluster()?.server ?? '',
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    ...(ca === undefined ? {} : { ca }),
    ...(servername === undefined ? {} : { serverName: servername }),
    ...(rejectUnauthorized === false ? { trustsAnybody: true } : {}),
    ...(typeof identity === 'string' ? { token: identity.replace(/^Bearer /, '').trim() } : {}),
    ...(cert === undefined || key === undefined ? {} : { certificate: { cert, key } }),
  };
}

function textIn(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined;
}

function notIn(error: unknown): Failure {
  if (isFailure(error)) return error;
  const hint = 'Try `kubectl get --raw /version` with the same kubeconfig.';
  return denied('NoCredential', `no credential for the cluster: ${messageOf(error)}`, hint);
}

class LiveCluster implements Cluster {
  private readonly options: ClusterOptions;
  private config: KubeConfig | undefined;
  private way: Way | undefined;
  private reading: Promise<Way> | undefined;
  private keep: ((target: KubeconfigTarget) => Promise<void>) | undefined;

  constructor(options: ClusterOptions) {
    this.options = options;
  }

  async open(): Promise<void> {
    const { target } = await this.read();
    if (target.trustsAnybody !== true) return;
    const { server } = target;
    this.options.log.warn('the kubeconfig says that anybody may answer for the cluster', {
      server,
    });
  }

  get server(): string {
    return this.way?.target.server ?? '';
  }

  get namespace(): string {
    return this.way?.target.namespace ?? '';
  }

  readonly send = async (request: ApiRequest): Promise<ApiResponse> => {
    const { way } = this;
    const isFresh = way !== undefined && this.options.clock.elapsed() - way.readAt < FRESH_MS;
    const used = isFresh ? way : await this.read();
    const answer = await sendBy(used, request);
    if (answer.status !== REFUSED) return answer;
    for await (const _ of answer.body);
    // Others may have been refused as well, and have read everything again by now.
    return sendBy(await this.after(used), request);
  };

  async share(keep: (target: KubeconfigTarget) => Promise<void>): Promise<void> {
    this.keep = keep;
    await keep((await this.read()).target);
  }

  async close(): Promise<void> {
    await this.way?.network.close();
  }

  private async after(refused: Way): Promise<Way> {
    if (this.way !== undefined && this.way !== refused) return this.way;
    // The library remembers what plugins and issuers said until it is started anew.
    this.config = undefined;
    return this.read();
  }

  /** Once for all who ask meanwhile. */
  private read(): Promise<Way> {
    this.reading ??= this.readNow().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async readNow(): Promise<Way> {
    const { clock, log } = this.options;
    let target: KubeconfigTarget;
    try {
      this.config ??= await load(this.options);
      target = await targetOf(this.config);
    } catch (error) {
      this.config = undefined;
      throw notIn(error);
    }
    const before = this.way;
    const { token: _token, ...place } = target;
    const { token: _tokenBefore, ...placeBefore } = before?.target ?? {};
    const isSamePlace = before !== undefined && jsonEqual(place, placeBefore);
    // The token goes with each request, so that a new one breaks no connection.
    const network = isSamePlace ? before.network : networkTransport(place);
    const way: Way = { target, network, readAt: clock.elapsed() };
    this.way = way;
    if (before === undefined || jsonEqual(target, before.target)) return way;
    if (!isSamePlace) await before.network.close();
    await this.keep?.(target).catch((error: unknown) => {
      log.warn('the new credential was not shared with jobs', { error: messageOf(error) });
    });
    return way;
  }
}

function sendBy({ target, network }: Way, request: ApiRequest): Promise<ApiResponse> {
  const { token } = target;
  if (token === undefined) return network.send(request);
  const headers = { ...request.headers, authorization: `Bearer ${token}` };
  return network.send({ ...request, headers });
}
