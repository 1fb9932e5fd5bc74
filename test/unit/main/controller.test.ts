import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { System } from '../../../examples/demo/system.ts';
import { LEASES, type KubeObject } from '../../../src/kube/resource.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';

/* The embedded API stands for a cluster without objects: what it serves is compared with a real one elsewhere. */

interface Lease extends KubeObject {
  readonly spec?: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
}

const LAMINA = join(import.meta.dirname, '../../../lamina');
const PLACE = { namespace: 'default', name: 'lamina-controller' };

async function place() {
  const folder = await temporaryFolder();
  const [dataDir, importRoot] = [join(folder.path, 'api'), join(folder.path, 'import')];
  await mkdir(importRoot);
  const api = await System.start({ dataDir, importRoot });
  const shared = join(folder.path, 'data');
  const children: ChildProcess[] = [];
  const options = ['--data', shared, '--kubeconfig', api.kubeconfig, '--namespace', 'default'];
  return {
    api,
    shared,
    lease: () => api.client.get<Lease>(LEASES, PLACE.namespace, PLACE.name),
    /** A controller, what it says, and its exit code. */
    controller: () => {
      const child = spawn(LAMINA, ['controller', ...options], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      children.push(child);
      const said = (stream: typeof child.stdout, words: string) =>
        new Promise<void>((resolve) => {
          createInterface({ input: stream }).on('line', (line) => {
            if (line.includes(words)) resolve();
          });
        });
      return {
        ready: said(child.stdout, 'ready https://'),
        waits: said(child.stderr, 'another one leads'),
        ended: once(child, 'exit').then(([code]: (number | null)[]) => code),
        stop: () => child.kill('SIGTERM'),
      };
    },
    [Symbol.asyncDispose]: async () => {
      for (const child of children) child.kill('SIGKILL');
      await api.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe('lamina controller', () => {
  it('hands over when it ends in good order, and ends at once when it leads no more', async () => {
    await using there = await place();
    const first = there.controller();
    await first.ready;
    const holder = (await there.lease())?.spec?.holderIdentity;
    expect(holder).toMatch(/_[0-9a-f-]{36}$/);
    // Jobs ask the same API, and nobody else may read as whom.
    const kubeconfig = join(there.shared, 'kubeconfig');
    expect(await readFile(kubeconfig, 'utf8')).toContain('"token"');
    expect((await stat(kubeconfig)).mode & 0o777).toBe(0o600);

    const second = there.controller();
    await second.waits;
    first.stop();
    expect(await first.ended).toBe(0);
    await second.ready;
    const after = (await there.lease())?.spec;
    expect(after?.leaseTransitions).toBe(1);
    expect(after?.holderIdentity).not.toBe(holder);

    await there.api.client.mergePatch(LEASES, PLACE, { spec: { holderIdentity: 'another' } });
    expect(await second.ended).toBe(1);
    expect((await there.lease())?.spec?.holderIdentity).toBe('another');
  });

  it('ends while it waits', async () => {
    await using there = await place();
    const first = there.controller();
    await first.ready;
    const second = there.controller();
    await second.waits;
    second.stop();
    expect(await second.ended).toBe(0);
    first.stop();
    expect(await first.ended).toBe(0);
    expect((await there.lease())?.spec?.holderIdentity).toBeUndefined();
  });
});
