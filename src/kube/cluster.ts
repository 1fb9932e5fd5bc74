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
  const first = await login(options, undefined);
  const { server, trustsAnybody } = first.target;
  if (trustsAnybody === true) {
    options.log.warn('the kubeconfig says that anybody may answer for the cluster', { server });
  }
  return new LiveCluster(options, first);
}

async function isPod({ environment, podRoot = '/' }: ClusterOptions): Promise<boolean> {
  if (!environment['KUBERNETES_SERVICE_HOST']) return false;
  return access(join(podRoot, POD_TOKEN), constants.R_OK).then(
    () => true,
    () => false,
  );
}

async function load(options: ClusterOptions): Promise<KubeConfig> {
  const { kubeconfig, environment, podRoot = '/' } = options;
  const { KubeConfig: Config } = await import('@kubernetes/client-node');
  const config = new Config();
  if (kubeconfig !== undefined) config.loadFromFile(kubeconfig);
  else if (!environment['KUBECONFIG'] && (await isPod(options))) {
    config.loadFromCluster(podRoot.replace(/\/$/, ''));
  } else config.loadFromDefault();
  mendIssuer(config);
  return config;
}

/**
 * The library renews no token of OIDC: it gives the issuer as text to one that takes a URL only, and makes no
 * answers that it takes where the issuer has an authority of its own. Node's authorities are used.
 */
function mendIssuer(config: KubeConfig): void {
  const settings: unknown = config.getCurrentUser()?.authProvider?.config;
  if (!isObject(settings)) return;
  const issuer = settings['idp-issuer-url'];
  if (typeof issuer === 'string') settings['idp-issuer-url'] = new URL(issuer);
  delete settings['idp-certificate-authority'];
  delete settings['idp-certificate-authority-data'];
}

function unsupported(what: string): Failure {
  const message = `kubeconfig: ${what} is not supported`;
  return impossible('UnsupportedKubeconfig', message, 'Use a context without it.');
}

/** What the library would do and we do not: refused, lest we go another way or as somebody else. */
function serverOf(config: KubeConfig): string {
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (cluster?.proxyUrl) throw unsupported('proxy-url');
  if (user?.impersonateUser) throw unsupported('as');
  if (user?.username) throw unsupported('username');
  if (cluster === null || user === null || !cluster.server.startsWith('https://')) {
    const hint = 'Name a kubeconfig by --kubeconfig or $KUBECONFIG, or run in a pod.';
    throw denied('NoCluster', 'no kubeconfig leads to a cluster that is asked over https', hint);
  }
  return cluster.server;
}

/** Asks the plugin, the file or the issuer that the kubeconfig names, unless it was asked lately. */
async function targetOf(config: KubeConfig): Promise<KubeconfigTarget> {
  const server = serverOf(config);
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { servername, rejectUnauthorized, headers } = options;
  const [ca, cert, key] = [textIn(options.ca), textIn(options.cert), textIn(options.key)];
  const identity: unknown = isObject(headers) ? headers['Authorization'] : undefined;
  return {
    server,
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

interface Login {
  readonly config: KubeConfig;
  readonly target: KubeconfigTarget;
}

/** Without a configuration, everything is read again. */
async function login(options: ClusterOptions, known: KubeConfig | undefined): Promise<Login> {
  try {
    const config = known ?? (await load(options));
    return { config, target: await targetOf(config) };
  } catch (error) {
    if (isFailure(error)) throw error;
    const hint = 'Try `kubectl get --raw /version` with the same kubeconfig.';
    throw denied('NoCredential', `no credential for the cluster: ${messageOf(error)}`, hint);
  }
}

/** The token goes with each request, so that a new one breaks no connection. */
function placeOf({ token: _token, ...place }: KubeconfigTarget): Omit<KubeconfigTarget, 'token'> {
  return place;
}

class LiveCluster implements Cluster {
  private readonly options: ClusterOptions;
  /** Remembers what plugins and issuers said; undefined if the cluster did not believe it. */
  private config: KubeConfig | undefined;
  private way: Way;
  private reading: Promise<Way> | undefined;
  private keep: (target: KubeconfigTarget) => Promise<void> = () => Promise.resolve();

  constructor(options: ClusterOptions, { config, target }: Login) {
    this.options = options;
    this.config = config;
    const network = networkTransport(placeOf(target));
    this.way = { target, network, readAt: options.clock.elapsed() };
  }

  get server(): string {
    return this.way.target.server;
  }

  get namespace(): string {
    return this.way.target.namespace;
  }

  readonly send = async (request: ApiRequest): Promise<ApiResponse> => {
    const isFresh = this.options.clock.elapsed() - this.way.readAt < FRESH_MS;
    const used = isFresh ? this.way : await this.refreshed();
    const answer = await sendBy(used, request);
    if (answer.status !== REFUSED) return answer;
    for await (const _ of answer.body);
    // Others may have been refused as well, and have read everything again by now.
    if (this.way !== used) return sendBy(this.way, request);
    this.config = undefined;
    return sendBy(await this.read(), request);
  };

  async share(keep: (target: KubeconfigTarget) => Promise<void>): Promise<void> {
    this.keep = keep;
    await keep(this.way.target);
  }

  async close(): Promise<void> {
    await this.way.network.close();
  }

  /** A file or a program that fails for a moment is no reason to fail: the cluster may know us still. */
  private async refreshed(): Promise<Way> {
    try {
      return await this.read();
    } catch (error) {
      const { clock, log } = this.options;
      log.warn('the credential was not read again', { error: messageOf(error) });
      this.way = { ...this.way, readAt: clock.elapsed() };
      return this.way;
    }
  }

  /** Once for all who ask meanwhile. */
  private read(): Promise<Way> {
    this.reading ??= this.readNow().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async readNow(): Promise<Way> {
    const { config, target } = await login(this.options, this.config);
    this.config = config;
    const before = this.way;
    const isSamePlace = jsonEqual(placeOf(target), placeOf(before.target));
    const network = isSamePlace ? before.network : networkTransport(placeOf(target));
    this.way = { target, network, readAt: this.options.clock.elapsed() };
    if (!isSamePlace) await before.network.close();
    if (!jsonEqual(target, before.target)) await this.tell(target);
    return this.way;
  }

  private async tell(target: KubeconfigTarget): Promise<void> {
    try {
      await this.keep(target);
    } catch (error) {
      const fields = { error: messageOf(error) };
      this.options.log.warn('the new credential was not shared with jobs', fields);
    }
  }
}

function sendBy({ target, network }: Way, request: ApiRequest): Promise<ApiResponse> {
  const { token } = target;
  if (token === undefined) return network.send(request);
  const headers = { ...request.headers, authorization: `Bearer ${token}` };
  return network.send({ ...request, headers });
}
