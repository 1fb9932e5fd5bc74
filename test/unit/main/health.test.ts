import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { System } from '../../../examples/demo/system.ts';
import { diskCheck, eventLoopCheck, syncCheck } from '../../../src/main/health-checks.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { silentLog } from '../../../src/host/log.ts';
import { run } from '../../../src/host/run.ts';
import { kubeClient } from '../../../src/kube/client.ts';
import { createManager } from '../../../src/kube/manager.ts';
import { readKubeconfig } from '../../../src/kube/kubeconfig.ts';
import { resourceOf } from '../../../src/kube/resource.ts';
import { openApiServerCore } from '../../../src/apiserver/open.ts';
import { createHandler } from '../../../src/apiserver/http/handler.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { until } from '../../support/until.ts';

/* Each check is broken for real, and mended again. */

const LAMINA = join(import.meta.dirname, '../../../lamina');

describe('health of lamina up', () => {
  it('follows the database and the source', async () => {
    await using folder = await temporaryFolder();
    const [dataDir, source, importRoot] = ['data', 'git', 'import'].map((name) =>
      join(folder.path, name),
    ) as [string, string, string];
    await mkdir(source);
    await mkdir(importRoot);
    await writeFile(join(source, 'a.yaml'), 'not: an object\n');
    // A file that may not grow is an error of the write then, not the end of the process.
    const program = ['sh', '-c', 'trap "" XFSZ; exec "$0" "$@"', LAMINA];
    const system = await System.start({ dataDir, importRoot, source, program });
    const { server } = await readKubeconfig(system.kubeconfig);
    const ask = async (path: string) => {
      const { stdout } = await run('curl', ['-sk', '-w', '%{http_code}', `${server}${path}`]);
      return stdout;
    };
    const { stdout: pid } = await run('pgrep', ['-f', `up --data ${dataDir}`]);
    const limit = (bytes: string) =>
      run('prlimit', ['--pid', pid.trim(), `--fsize=${bytes}:unlimited`]);
    try {
      const all = ['ping', 'database', 'disk-space', 'event-loop', 'informer-sync', 'source'];
      const well = `${all.map((name) => `[+]${name} ok\n`).join('')}readyz check passed\n200`;
      // What is wrong in a file is no matter of health.
      await until('it is ready', async () => (await ask('/readyz?verbose')) === well);
      expect(await ask('/readyz')).toBe('ok200');
      await limit('0');
      const without = (name: string) =>
        well
          .replace(`[+]${name} ok`, `[-]${name} failed: reason withheld`)
          .replace('passed\n200', 'failed\n500');
      await until('the database fails', async () => (await ask('/readyz')) === without('database'));
      // A restart would not cure it.
      expect(await ask('/livez')).toBe('ok200');
      expect(await ask('/healthz?verbose')).toBe(
        '[+]ping ok\n[+]event-loop ok\nhealthz check passed\n200',
      );
      await limit('unlimited');
      await until('it is well again', async () => (await ask('/readyz')) === 'ok200');
      await rename(source, `${source}-away`);
      await until('the source fails', async () => (await ask('/readyz')) === without('source'));
      await rename(`${source}-away`, source);
      await until('it is well again', async () => (await ask('/readyz')) === 'ok200');
      const told = system.log.filter((line) => line.includes('a health check fails'));
      expect(told.length).toBeGreaterThanOrEqual(2);
    } finally {
      await limit('unlimited');
      await system.stop();
    }
  });
});

describe('the check of the event loop', () => {
  it('fails while work does not get its turn, and not for long after', async () => {
    const over = new AbortController();
    const loop = eventLoopCheck(systemClock, over.signal, 1000);
    const isWell = async (): Promise<boolean> => {
      try {
        await loop.check();
        return true;
      } catch {
        return false;
      }
    };
    await until('it is well', isWell);
    const end = Date.now() + 2500;
    while (Date.now() < end);
    expect(() => loop.check()).toThrow('the event loop was blocked for');
    await until('it is well again', isWell);
    over.abort();
  });
});

describe('the check of the disk', () => {
  it('fails when less is free than must be', async () => {
    await using folder = await temporaryFolder();
    await diskCheck(folder.path, 1).check();
    await expect(diskCheck(folder.path, 2 ** 60).check()).rejects.toThrow('bytes left');
  });
});

describe('the check of the caches', () => {
  it('fails until each has its list', async () => {
    const common = { clock: systemClock, random: Math.random, log: silentLog };
    const newUid = () => crypto.randomUUID();
    const core = await openApiServerCore({ path: ':memory:', ...common, newUid });
    const { service: objects, resources } = core;
    const handler = createHandler({ objects, resources, ...common, version: '1' });
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    const client = kubeClient(async (request) => {
      await opened;
      return handler(request);
    });
    const manager = createManager({ client, ...common });
    manager.caches.of(resourceOf('OSLayer'));
    const sync = syncCheck(manager);
    expect(() => sync.check()).toThrow('not every cache');
    manager.start();
    expect(() => sync.check()).toThrow('not every cache');
    open();
    await manager.synced();
    await sync.check();
    await manager.stop();
    await core.close();
  });
});
