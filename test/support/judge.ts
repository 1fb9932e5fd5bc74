import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { writeKubeconfig } from '../../src/apiserver/certificates/kubeconfig.ts';
import { temporaryFolder } from './folder.ts';
import { freePort } from './free-port.ts';
import { Kubectl, kubectlPeers } from './kubectl.ts';
import { builtPeers } from './peers.ts';
import { until } from './until.ts';

/** A real kube-apiserver with our CRDs, collecting garbage and emptying namespaces. */
export interface Judge {
  readonly url: string;
  /** Everything lies here. */
  readonly folder: string;
  /** The authority of its certificate, PEM. */
  readonly ca: string;
  readonly token: string;
  readonly kubeconfig: string;
  /** From the start of the first program until kube-apiserver said that it is ready. */
  readonly readySeconds: number;
  readonly programs: readonly JudgeProgram[];
  close(): Promise<void>;
}

/** One of its processes. */
export interface JudgeProgram {
  readonly name: string;
  readonly pid: number;
}

/** Why there is no judge, or undefined if there is one. */
export function judgeMissing(): string | undefined {
  const missing = ['kube', 'kubectl'].filter((name) => builtPeers(name).length === 0);
  if (missing.length === 0) return undefined;
  return `not built: ${missing.join(', ')}: run "make peers" (needs Go)`;
}

const CRDS = join(import.meta.dirname, '..', '..', 'crds');

/** Health is open to everybody, as the roles of a cluster have it; all else needs the token. */
const AUTHENTICATION = {
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AuthenticationConfiguration',
  anonymous: {
    enabled: true,
    conditions: ['/healthz', '/livez', '/readyz'].map((path) => ({ path })),
  },
};

interface Child {
  readonly name: string;
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
}

/** The three programs in one folder. */
class Trio {
  private readonly children: Child[] = [];
  private readonly program: string;
  readonly folder: string;

  constructor(program: string, folder: string) {
    this.program = program;
    this.folder = folder;
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  /** Starts one of them. It lives as long as its standard input is open, so it never outlives us. */
  async start(name: string, flags: Readonly<Record<string, string>>): Promise<void> {
    const log = await open(this.at(`${name}.log`), 'w');
    const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
    const child = spawn(this.program, [name, ...args], {
      cwd: this.folder,
      env: { PATH: '/usr/bin:/bin', HOME: this.folder },
      stdio: ['pipe', log.fd, log.fd],
    });
    this.children.push({ name, child, ended: once(child, 'exit') });
    await log.close();
  }

  /** Waits until something is so; a program that ends meanwhile is reported with its last words. */
  async until(what: string, look: () => Promise<boolean>): Promise<void> {
    await until(what, async () => {
      const dead = this.children.find(({ child }) => child.exitCode !== null);
      if (dead === undefined) return look();
      const log = await readFile(this.at(`${dead.name}.log`), 'utf8');
      throw new Error(`${dead.name} ended before ${what}: ${log.slice(-2000)}`);
    });
  }

  programs(): readonly JudgeProgram[] {
    return this.children.map(({ name, child }) => ({ name, pid: child.pid ?? 0 }));
  }

  /** Each after those that ask it. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    for (const { child, ended } of this.children.toReversed()) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await ended;
    }
  }
}

/** Whether a health path answers 200. */
function isWell(url: string, ca: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const asked = request(url, { agent: false, ca }, (answer) => {
    answer.resume();
    resolve(answer.statusCode === 200);
  });
  asked.on('error', () => resolve(false));
  asked.end();
  return promise;
}

async function startEtcd(trio: Trio, { kept }: JudgeOptions): Promise<string> {
  const url = `unix://${trio.at('etcd.sock')}`;
  // It has no peers, so what it announces need not be true.
  const nobody = 'http://127.0.0.1:2380';
  await trio.start('etcd', {
    name: 'judge',
    'data-dir': trio.at('etcd'),
    // Syncing is its default, and all that makes a judge slow.
    ...(kept === undefined ? { 'unsafe-no-fsync': 'true' } : {}),
    'log-level': 'warn',
    'listen-client-urls': url,
    'advertise-client-urls': nobody,
    'listen-peer-urls': 'http://127.0.0.1:0',
    'initial-advertise-peer-urls': nobody,
    'initial-cluster': `judge=${nobody}`,
  });
  return url;
}

/** Somebody besides the administrator, who may do everything. */
export interface JudgeUser {
  readonly name: string;
  readonly token: string;
}

/** How the judge decides who may do what. */
export interface JudgeOptions {
  /** Everybody may do everything if left out; else what roles say, and every request is written down. */
  readonly users?: readonly JudgeUser[];
  /**
   * A folder that outlives it: what it held is there at the next start, and every write is synced to the disk. If left
   * out, all is in a folder that goes with it, and nothing is synced.
   */
  readonly kept?: string;
}

/** Everything that was asked for is a line of JSON. */
const AUDIT = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
};

/** The audit log of a judge with roles. */
export function auditLogOf({ folder }: Pick<Judge, 'folder'>): string {
  return join(folder, 'audit.log');
}

function authorization(trio: Trio, { users }: JudgeOptions): Readonly<Record<string, string>> {
  if (users === undefined) return { 'authorization-mode': 'AlwaysAllow' };
  return {
    'authorization-mode': 'RBAC',
    // As on OpenShift: an owner that must wait for its children needs a right on its finalizers.
    'enable-admission-plugins': 'OwnerReferencesPermissionEnforcement',
    'audit-policy-file': trio.at('audit.json'),
    'audit-log-path': auditLogOf(trio),
  };
}

async function writeSecrets(
  trio: Trio,
  token: string,
  { users = [] }: JudgeOptions,
): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await mkdir(trio.at('pki'), { recursive: true });
  await writeFile(trio.at('sa.key'), privateKey.export({ type: 'sec1', format: 'pem' }));
  await writeFile(trio.at('sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  const tokens = [
    `${token},admin,admin,"system:masters"`,
    ...users.map((user) => `${user.token},${user.name},${user.name}`),
  ];
  await writeFile(trio.at('tokens.csv'), tokens.map((line) => `${line}\n`).join(''));
  await writeFile(trio.at('audit.json'), JSON.stringify(AUDIT));
  await writeFile(trio.at('authentication.json'), JSON.stringify(AUTHENTICATION));
}

async function startApi(
  trio: Trio,
  etcd: string,
  options: JudgeOptions,
): Promise<Omit<Judge, 'close' | 'programs' | 'readySeconds'>> {
  const token = randomUUID();
  await writeSecrets(trio, token, options);
  const port = await freePort();
  await trio.start('kube-apiserver', {
    'etcd-servers': etcd,
    'bind-address': '127.0.0.1',
    'secure-port': String(port),
    // It makes the certificate itself, and writes it with its authority.
    'cert-dir': trio.at('pki'),
    'token-auth-file': trio.at('tokens.csv'),
    'authentication-config': trio.at('authentication.json'),
    ...authorization(trio, options),
    'service-account-issuer': 'https://judge.invalid',
    'service-account-key-file': trio.at('sa.pub'),
    'service-account-signing-key-file': trio.at('sa.key'),
    'service-cluster-ip-range': '10.0.0.0/24',
  });
  const url = `https://127.0.0.1:${port}`;
  const certificate = trio.at('pki/apiserver.crt');
  let ca = '';
  await trio.until('kube-apiserver is ready', async () => {
    // Read again each time: at first it is missing, then empty.
    ca = await readFile(certificate, 'utf8').catch(() => '');
    return ca !== '' && isWell(`${url}/readyz`, ca);
  });
  const kubeconfig = trio.at('kubeconfig');
  await writeKubeconfig(kubeconfig, { server: url, authority: ca, token });
  return { url, ca, token, kubeconfig, folder: trio.folder };
}

async function applyCrds(kubeconfig: string): Promise<void> {
  const peer = kubectlPeers().at(-1);
  if (peer === undefined) throw new Error('no kubectl is built');
  const kubectl = new Kubectl(peer, kubeconfig);
  try {
    await kubectl.ok(['create', '-f', CRDS]);
    await kubectl.ok(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  } finally {
    kubectl.dispose();
  }
}

/** After the CRDs: the collector looks for new kinds only twice a minute. */
async function startControllers(trio: Trio, kubeconfig: string): Promise<void> {
  await trio.start('kube-controller-manager', {
    kubeconfig,
    controllers: 'garbage-collector-controller,namespace-controller',
    'leader-elect': 'false',
    'secure-port': '0',
    'kube-api-qps': '1000',
    'kube-api-burst': '2000',
  });
}

/** Where the data lie, and what becomes of them. */
async function folderOf({ kept }: JudgeOptions) {
  if (kept === undefined) return temporaryFolder();
  await mkdir(kept, { recursive: true });
  return { path: kept, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Starts etcd, kube-apiserver and the two controllers; about five seconds, twice that with roles. */
export async function startJudge(options: JudgeOptions = {}): Promise<Judge> {
  const program = builtPeers('kube').at(-1)?.program;
  if (program === undefined) throw new Error('the judge is not built: run "make peers"');
  const folder = await folderOf(options);
  const trio = new Trio(program, folder.path);
  const isNew = !existsSync(trio.at('etcd'));
  const close = async () => {
    await trio.stop(options.kept === undefined ? 'SIGKILL' : 'SIGTERM');
    await folder[Symbol.asyncDispose]();
  };
  try {
    const start = performance.now();
    const access = await startApi(trio, await startEtcd(trio, options), options);
    const readySeconds = (performance.now() - start) / 1000;
    if (isNew) await applyCrds(access.kubeconfig);
    await startControllers(trio, access.kubeconfig);
    return { ...access, readySeconds, programs: trio.programs(), close };
  } catch (error) {
    await close();
    throw error;
  }
}
