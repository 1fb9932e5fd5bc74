import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { keptAuthority, serverCertificate } from '../../../src/apiserver/certificates/authority.ts';
import type { Log } from '../../../src/host/log.ts';
import { silentLog } from '../../../src/host/log.ts';
import { kubeClient } from '../../../src/kube/client.ts';
import { openCluster, type Cluster, type ClusterOptions } from '../../../src/kube/cluster.ts';
import type { KubeconfigTarget } from '../../../src/kube/kubeconfig.ts';
import { SECRETS } from '../../../src/kube/resource.ts';
import { ManualClock } from '../../support/clock.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../support/runner.ts';
import { secureServer, type SecureServer } from '../../support/secure-server.ts';
import { until } from '../../support/until.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What the server lets in, and who came. */
let good: string;
let came: string[];
/** Answers wait for it. */
let hold: Promise<void>;
let server: SecureServer;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let clock: ManualClock;
const opened: Cluster[] = [];

beforeEach(async () => {
  folder = await temporaryFolder();
  clock = new ManualClock();
  [good, came] = ['Bearer good', []];
  hold = Promise.resolve();
  const tls = { requestCert: true, rejectUnauthorized: false };
  server = await secureServer(
    folder.path,
    ({ headers: { authorization = '' }, socket }, response) => {
      const { fingerprint256 } = (socket as TLSSocket).getPeerCertificate();
      const who = authorization === '' && fingerprint256 ? fingerprint256 : authorization;
      came.push(who);
      response.statusCode = who === good ? 200 : 401;
      void hold.then(() => response.end(JSON.stringify({ metadata: { name: 'it' } })));
    },
    tls,
  );
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const at = (name: string) => join(folder.path, name);

async function kubeconfig(user: Fields, cluster: Fields = {}): Promise<string> {
  const path = at('config');
  const trusted = { 'certificate-authority': 'ca.crt' };
  await writeFile(
    path,
    stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: server.url, ...trusted, ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'team' } }],
      'current-context': 'x',
    }),
  );
  return path;
}

async function open(options: Partial<ClusterOptions> = {}): Promise<Cluster> {
  const cluster = await openCluster({ environment: {}, clock, log: silentLog, ...options });
  opened.push(cluster);
  return cluster;
}

const ask = (cluster: Cluster) => kubeClient(cluster.send).get(SECRETS, 'team', 'it');

/** A program that prints the token in a file, and how often it ran. */
async function plugin(expires?: string): Promise<Fields> {
  const status = `{"token": "$(cat ${at('token')})"${expires ? `, "expirationTimestamp": "${expires}"` : ''}}`;
  const credential = `{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": ${status}}`;
  await writeFile(
    at('plugin'),
    `#!/bin/sh\necho ran >> ${at('runs')}\ncat <<END\n${credential}\nEND\n`,
    {
      mode: 0o755,
    },
  );
  const apiVersion = 'client.authentication.k8s.io/v1';
  return { exec: { apiVersion, command: at('plugin'), interactiveMode: 'Never' } };
}

const runs = async () => (await readFile(at('runs'), 'utf8')).trim().split('\n').length;

/** A token of an issuer, as far as a client looks at it. */
function idToken(expires: number, claims: Fields = {}): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return [part({ alg: 'RS256' }), part({ exp: expires, ...claims }), 'x'].join('.');
}

describe('a cluster lets us in by', () => {
  it('a token', async () => {
    const cluster = await open({ kubeconfig: await kubeconfig({ token: 'good' }) });
    expect(cluster).toMatchObject({ server: server.url, namespace: 'team' });
    await ask(cluster);
    expect(came).toEqual(['Bearer good']);
  });

  it('a client certificate', async () => {
    const authority = await keptAuthority(at('people.pem'), Date.now());
    const { key, certificate } = serverCertificate(authority, ['localhost'], Date.now());
    await writeFile(at('me.crt'), certificate);
    await writeFile(at('me.key'), key);
    good = new X509Certificate(certificate).fingerprint256;
    const user = { 'client-certificate': 'me.crt', 'client-key': 'me.key' };
    await ask(await open({ kubeconfig: await kubeconfig(user) }));
    expect(came).toEqual([good]);
  });

  it('a program, which is run again when the cluster does not know its token any more', async () => {
    await writeFile(at('token'), 'old');
    good = 'Bearer old';
    const cluster = await open({ kubeconfig: await kubeconfig(await plugin()) });
    await ask(cluster);
    await ask(cluster);
    expect(await runs()).toBe(1);
    await writeFile(at('token'), 'good');
    good = 'Bearer good';
    await Promise.all([ask(cluster), ask(cluster), ask(cluster)]);
    expect(await runs()).toBe(2);
    await ask(cluster);
    expect(await runs()).toBe(2);
  });

  it('a program, which is not run again for a refusal that comes late', async () => {
    await writeFile(at('token'), 'old');
    const cluster = await open({ kubeconfig: await kubeconfig(await plugin()) });
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    hold = held;
    const late = ask(cluster);
    await until('it came', async () => came.length === 1);
    hold = Promise.resolve();
    await writeFile(at('token'), 'good');
    await ask(cluster);
    release();
    await late;
    expect(await runs()).toBe(2);
  });

  it('a program, which is run again when its token ends', async () => {
    await writeFile(at('token'), 'good');
    const cluster = await open({
      kubeconfig: await kubeconfig(await plugin('2020-01-01T00:00:00Z')),
    });
    expect(await runs()).toBe(1);
    clock.advance(60_000);
    await ask(cluster);
    expect(await runs()).toBe(2);
    expect(came).toEqual(['Bearer good']);
  });

  it('a token of an OIDC issuer', async () => {
    const token = idToken(4_000_000_000);
    good = `Bearer ${token}`;
    const config = { 'client-id': 'lamina', 'id-token': token, 'idp-issuer-url': 'https://x' };
    const user = { 'auth-provider': { name: 'oidc', config } };
    await ask(await open({ kubeconfig: await kubeconfig(user) }));
    expect(came).toEqual([good]);
  });

  it('a token that an OIDC issuer replaces when it has ended', async () => {
    let replaced = 0;
    await using issuer = await secureServer(folder.path, (request, response) => {
      const { url: issuedBy } = issuer;
      response.setHeader('content-type', 'application/json');
      if (request.method === 'GET') {
        const metadata = { issuer: issuedBy, token_endpoint: `${issuedBy}/token` };
        return response.end(JSON.stringify(metadata));
      }
      replaced += 1;
      const id = idToken(4_000_000_000, { iss: issuedBy, aud: 'lamina', sub: 'me', iat: 1 });
      good = `Bearer ${id}`;
      const answer = { access_token: 'x', token_type: 'Bearer', id_token: id, expires_in: 3600 };
      return response.end(JSON.stringify({ ...answer, refresh_token: 'next' }));
    });
    const config = {
      'client-id': 'lamina',
      'id-token': idToken(1),
      'refresh-token': 'first',
      'idp-issuer-url': issuer.url,
      'idp-certificate-authority-data': Buffer.from(issuer.ca).toString('base64'),
    };
    const user = { 'auth-provider': { name: 'oidc', config } };
    const authorities = getCACertificates('default');
    // As NODE_EXTRA_CA_CERTS does when Node starts.
    setDefaultCACertificates([...authorities, issuer.ca]);
    try {
      await ask(await open({ kubeconfig: await kubeconfig(user) }));
    } finally {
      setDefaultCACertificates(authorities);
    }
    expect(replaced).toBe(1);
    expect(came).toEqual([good]);
  });

  it('the service account of its pod, whose token is replaced', async () => {
    const account = at('var/run/secrets/kubernetes.io/serviceaccount');
    await mkdir(account, { recursive: true });
    await writeFile(join(account, 'ca.crt'), server.ca);
    await writeFile(join(account, 'token'), 'good\n');
    await writeFile(join(account, 'namespace'), 'images');
    const { hostname, port } = new URL(server.url);
    const environment = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    // The library reads these by itself.
    Object.assign(process.env, environment);
    try {
      const cluster = await open({ environment, podRoot: folder.path });
      expect(cluster.namespace).toBe('images');
      await ask(cluster);
      await writeFile(join(account, 'token'), 'better\n');
      good = 'Bearer better';
      await ask(cluster);
      expect(came).toEqual(['Bearer good', 'Bearer good', 'Bearer better']);
    } finally {
      for (const name of Object.keys(environment)) delete process.env[name];
    }
  });
});

describe('the credential of a cluster', () => {
  it('is shared with jobs, and again when it changed', async () => {
    await writeFile(at('token'), 'good');
    const cluster = await open({ kubeconfig: await kubeconfig(await plugin()) });
    const shared: KubeconfigTarget[] = [];
    await cluster.share(async (target) => void shared.push(target));
    const first = { server: server.url, namespace: 'team', ca: server.ca, token: 'good' };
    expect(shared).toEqual([first]);
    await writeFile(at('token'), 'better');
    good = 'Bearer better';
    await ask(cluster);
    expect(shared).toEqual([first, { ...first, token: 'better' }]);
  });

  it('is read again once for a request that is refused, which then fails', async () => {
    const cluster = await open({ kubeconfig: await kubeconfig({ token: 'bad' }) });
    await expect(ask(cluster)).rejects.toMatchObject({ consequence: 'Denied', code: 'Http401' });
    expect(came).toHaveLength(2);
  });

  it('is used for as long as the cluster takes it, if it cannot be read again', async () => {
    await writeFile(at('token'), 'good');
    const user = await plugin('2020-01-01T00:00:00Z');
    const cluster = await open({ kubeconfig: await kubeconfig(user) });
    await writeFile(at('plugin'), '#!/bin/sh\necho no network >&2\nexit 1\n');
    clock.advance(60_000);
    await ask(cluster);
    good = 'Bearer better';
    await expect(ask(cluster)).rejects.toMatchObject({ code: 'NoCredential' });
    expect(came).toEqual(['Bearer good', 'Bearer good']);
  });

  it('is replaced together with the cluster that it is for', async () => {
    const cluster = await open({ kubeconfig: await kubeconfig({ token: 'good' }) });
    await using other = await secureServer(folder.path, (_, response) => {
      response.end(JSON.stringify({ metadata: { name: 'other' } }));
    });
    await kubeconfig({ token: 'good' }, { server: other.url });
    good = 'nothing';
    expect(await ask(cluster)).toMatchObject({ metadata: { name: 'other' } });
    expect(cluster.server).toBe(other.url);
  });
});

describe('whom we ask', () => {
  it('must be whom the kubeconfig says', async () => {
    await using stranger = await temporaryFolder();
    await keptAuthority(join(stranger.path, 'ca.pem'), Date.now()).then((authority) =>
      writeFile(at('stranger.crt'), authority.certificate),
    );
    const cluster = { 'certificate-authority': 'stranger.crt' };
    const path = await kubeconfig({ token: 'good' }, cluster);
    await expect(ask(await open({ kubeconfig: path }))).rejects.toMatchObject({
      code: 'ConnectionLost',
    });
    expect(came).toEqual([]);
  });

  it('may be anybody only if it says so, which is told', async () => {
    const warnings: string[] = [];
    const log: Log = { ...silentLog, warn: (text) => void warnings.push(text) };
    const cluster = { 'certificate-authority': undefined, 'insecure-skip-tls-verify': true };
    const path = await kubeconfig({ token: 'good' }, cluster);
    await ask(await open({ kubeconfig: path, log }));
    expect(came).toEqual(['Bearer good']);
    expect(warnings).toEqual(['the kubeconfig says that anybody may answer for the cluster']);
  });
});

describe('no cluster is found', () => {
  const cases: readonly { why: string; user: Fields; cluster?: Fields; says: string }[] = [
    { why: 'it is somebody else', user: { token: 't', as: 'root' }, says: 'as is not supported' },
    {
      why: 'there is a proxy',
      user: { token: 't' },
      cluster: { 'proxy-url': 'http://proxy.example' },
      says: 'proxy-url is not supported',
    },
    {
      why: 'it has a password',
      user: { username: 'u', password: 'p' },
      says: 'username is not supported',
    },
    {
      why: 'it has no TLS',
      user: { token: 't' },
      cluster: { server: 'http://127.0.0.1:8080' },
      says: 'https',
    },
    {
      why: 'its program fails',
      user: { exec: { apiVersion: 'v1', command: 'false' } },
      says: 'no credential for the cluster',
    },
    {
      why: 'its program is missing',
      user: { exec: { apiVersion: 'v1', command: '/nowhere/plugin' } },
      says: 'ENOENT',
    },
  ];
  it.each(cases)('if $why', async ({ user, cluster, says }) => {
    const path = await kubeconfig(user, cluster);
    await expect(open({ kubeconfig: path })).rejects.toThrow(says);
  });

  it('if the kubeconfig is missing', async () => {
    const path = join(dirname(at('x')), 'missing');
    await expect(open({ kubeconfig: path })).rejects.toMatchObject({ consequence: 'Denied' });
  });
});
