import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { denied, impossible, messageOf, type Failure } from '../core/failure.ts';
import { firstLine } from '../core/text.ts';
import { isObject } from '../core/json.ts';
import type { ServerAddress } from './network.ts';

/** Largest kubeconfig that is read. */
const MAX_BYTES = 2 ** 20;

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
const CLUSTER_FIELDS = new Set([
  'server',
  'certificate-authority-data',
  'tls-server-name',
  'insecure-skip-tls-verify',
  'extensions',
]);
const USER_FIELDS = new Set(['token', 'client-certificate-data', 'client-key-data', 'extensions']);

/** What a kubeconfig says about its current context. */
export interface KubeconfigTarget extends ServerAddress {
  readonly namespace: string;
}

type Fields = Record<string, unknown>;

function bad(message: string): Failure {
  return impossible('BadKubeconfig', `kubeconfig: ${message}`, 'Correct the kubeconfig.');
}

/** Other ways to log in run programs or read files: refused by name. */
function onlyKnown(what: string, fields: Fields, known: ReadonlySet<string>): void {
  const strange = Object.keys(fields).find((name) => !known.has(name));
  if (strange === undefined) return;
  throw impossible(
    'UnsupportedKubeconfig',
    `kubeconfig: ${what} uses ${strange}, which is not supported`,
    'Use certificate-authority-data with a token or with client-certificate-data and client-key-data.',
  );
}

function named(document: Fields, list: string, entry: string, name: unknown): Fields {
  const entries = Array.isArray(document[list]) ? document[list].filter(isObject) : [];
  const found = entries.find((item) => item['name'] === name)?.[entry];
  if (typeof name !== 'string' || !isObject(found)) {
    throw bad(`there is no ${entry} named ${JSON.stringify(name)} in ${list}`);
  }
  return found;
}

function textField(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw bad(`${name} is no text`);
  return value;
}

function pemField(fields: Fields, name: string): string | undefined {
  const data = textField(fields, name);
  if (data === undefined) return undefined;
  const pem = Buffer.from(data, 'base64').toString('utf8');
  if (!pem.includes('-----BEGIN ')) throw bad(`${name} is no PEM in base64`);
  return pem;
}

function serverOf(cluster: Fields): string {
  const server = textField(cluster, 'server');
  if (server === undefined) throw bad('the cluster has no server');
  const url = URL.parse(server);
  const isLoopback = url !== null && LOOPBACK.has(url.hostname);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback)) return server;
  throw bad(`server ${JSON.stringify(server)} is no https URL`);
}

/** The current context of a kubeconfig. */
export function parseKubeconfig(text: string): KubeconfigTarget {
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw bad(firstLine(messageOf(error)));
  }
  if (!isObject(document)) throw bad('it is empty');
  const context = named(document, 'contexts', 'context', document['current-context']);
  const cluster = named(document, 'clusters', 'cluster', context['cluster']);
  const user = named(document, 'users', 'user', context['user']);
  onlyKnown('the cluster', cluster, CLUSTER_FIELDS);
  onlyKnown('the user', user, USER_FIELDS);
  const ca = pemField(cluster, 'certificate-authority-data');
  const serverName = textField(cluster, 'tls-server-name');
  const token = textField(user, 'token');
  const cert = pemField(user, 'client-certificate-data');
  const key = pemField(user, 'client-key-data');
  if ((cert === undefined) !== (key === undefined)) {
    throw bad('client-certificate-data and client-key-data go together');
  }
  return {
    server: serverOf(cluster),
    namespace: textField(context, 'namespace') ?? 'default',
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { trustsAnybody: true } : {}),
    ...(token === undefined ? {} : { token }),
    ...(cert === undefined || key === undefined ? {} : { certificate: { cert, key } }),
  };
}

function encoded(pem: string): string {
  return Buffer.from(pem).toString('base64');
}

/** A kubeconfig that `parseKubeconfig` reads as this. */
export function kubeconfigText(target: KubeconfigTarget): string {
  const { server, ca, serverName, trustsAnybody, token, certificate, namespace } = target;
  // Not that of `lamina up`, which finds its port in the file that it wrote.
  const name = 'cluster';
  // What is undefined is left out.
  const cluster = {
    server,
    'certificate-authority-data': ca === undefined ? ca : encoded(ca),
    'tls-server-name': serverName,
    'insecure-skip-tls-verify': trustsAnybody,
  };
  const user = {
    token,
    'client-certificate-data': certificate && encoded(certificate.cert),
    'client-key-data': certificate && encoded(certificate.key),
  };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
    'current-context': name,
  });
}

/** Reads a kubeconfig file. */
export async function readKubeconfig(path: string): Promise<KubeconfigTarget> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const hint = 'Start `lamina up`, or name another kubeconfig.';
    throw denied('NoKubeconfig', `${path} cannot be read: ${messageOf(error)}`, hint);
  }
  if (bytes.length > MAX_BYTES) throw bad(`${path} is larger than ${MAX_BYTES} bytes`);
  return parseKubeconfig(bytes.toString('utf8'));
}
