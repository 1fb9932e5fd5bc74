import { statSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { KubeConfig, CoreV1Api } from '@kubernetes/client-node';
import { openApiServer } from '../../../src/apiserver/server.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { silentLog } from '../../../src/host/log.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';

function open(dataDir: string, port = 0, host = '127.0.0.1') {
  return openApiServer({
    dataDir,
    listen: { host, port },
    clock: systemClock,
    random: Math.random,
    log: silentLog,
    version: '0.0.0-test',
  });
}

function client(kubeconfig: string): CoreV1Api {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  return config.makeApiClient(CoreV1Api);
}

const mode = (path: string) => statSync(path).mode & 0o777;

describe('the embedded API server', () => {
  it('keeps objects, authority and token over a restart, for its owner only', async () => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, 'data');
    const first = await open(dataDir);
    const port = Number(new URL(first.url).port);
    const kubeconfig = await readFile(first.kubeconfigPath, 'utf8');
    const body = { metadata: { name: 'kept' }, data: { a: 'b' } };
    await client(kubeconfig).createNamespacedConfigMap({ namespace: 'default', body });
    await first.close();
    expect(mode(dataDir)).toBe(0o700);
    for (const name of ['kubeconfig', 'pki/token', 'pki/ca.pem']) {
      expect([name, mode(join(dataDir, name))]).toEqual([name, 0o600]);
    }
    const second = await open(dataDir, port);
    const read = { name: 'kept', namespace: 'default' };
    // The kubeconfig of before: a copy of it stays good.
    expect((await client(kubeconfig).readNamespacedConfigMap(read)).data).toEqual({ a: 'b' });
    await second.close();
  });

  it('locks old tokens out when the token is removed', async () => {
    await using folder = await temporaryFolder();
    const first = await open(folder.path);
    const old = await readFile(first.kubeconfigPath, 'utf8');
    await first.close();
    await rm(join(folder.path, 'pki/token'));
    const second = await open(folder.path, Number(new URL(first.url).port));
    await expect(client(old).listNamespace()).rejects.toMatchObject({ code: 401 });
    const fresh = await readFile(second.kubeconfigPath, 'utf8');
    expect((await client(fresh).listNamespace()).items).toHaveLength(1);
    await second.close();
  });

  it('fails cleanly when the port is taken', async () => {
    await using folder = await temporaryFolder();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    await expect(open(folder.path, port)).rejects.toThrow('EADDRINUSE');
    other.close();
    const server = await open(folder.path);
    await server.close();
    await server.close();
  });

  it('takes the port of the last run again when it may choose', async () => {
    await using folder = await temporaryFolder();
    const first = await open(folder.path);
    const copy = await readFile(first.kubeconfigPath, 'utf8');
    await first.close();
    const second = await open(folder.path);
    expect(second.url).toBe(first.url);
    expect((await client(copy).listNamespace()).items).toHaveLength(1);
    await second.close();
  });

  it('takes another port, and says so in its kubeconfig, when the last one is taken', async () => {
    await using folder = await temporaryFolder();
    const first = await open(folder.path);
    await first.close();
    const other = createServer().listen(Number(new URL(first.url).port), '127.0.0.1');
    await once(other, 'listening');
    const second = await open(folder.path);
    expect(second.url).not.toBe(first.url);
    const kubeconfig = await readFile(second.kubeconfigPath, 'utf8');
    expect((await client(kubeconfig).listNamespace()).items).toHaveLength(1);
    await second.close();
    other.close();
  });

  it.each([
    ['is empty', () => ''],
    ['is not YAML', () => '{[: a'],
    ['is a bomb', () => `a: &a [x, x]\nclusters: [*a, *a]`],
    ['has no server', () => 'clusters: [{name: lamina, cluster: {server: 7}}]'],
    ['names no port', (text: string) => text.replace(/:\d+$/m, '')],
    ['names an impossible port', (text: string) => text.replace(/:\d+$/m, ':99999')],
  ])('starts although its kubeconfig %s', async (_what, spoil) => {
    await using folder = await temporaryFolder();
    const first = await open(folder.path);
    await first.close();
    await writeFile(first.kubeconfigPath, spoil(await readFile(first.kubeconfigPath, 'utf8')));
    const second = await open(folder.path);
    const kubeconfig = await readFile(second.kubeconfigPath, 'utf8');
    expect((await client(kubeconfig).listNamespace()).items).toHaveLength(1);
    await second.close();
  });

  it('takes a damaged token file for none', async () => {
    await using folder = await temporaryFolder();
    await (await open(folder.path)).close();
    await writeFile(join(folder.path, 'pki/token'), 'short\n');
    const server = await open(folder.path);
    const kubeconfig = await readFile(server.kubeconfigPath, 'utf8');
    expect(kubeconfig).toMatch(/token: [A-Za-z0-9_-]{43}\n/);
    await server.close();
  });

  it('names this machine in the kubeconfig when it listens everywhere', async () => {
    await using folder = await temporaryFolder();
    const server = await open(folder.path, 0, '0.0.0.0');
    expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const kubeconfig = await readFile(server.kubeconfigPath, 'utf8');
    expect((await client(kubeconfig).listNamespace()).items).toHaveLength(1);
    await server.close();
  });
});
