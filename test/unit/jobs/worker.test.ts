import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseWorkerConfig } from '../../../src/jobs/worker-config.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';

const WORKER = join(import.meta.dirname, '../../../src/main/worker.ts');

function start(cwd: string, worker: unknown) {
  const env = { PATH: process.env['PATH'], LAMINA_WORKER: JSON.stringify(worker) };
  return spawn(process.execPath, [WORKER], { cwd, env });
}

describe('the process of a job', () => {
  it('ends at once when its parent dies', async () => {
    await using folder = await temporaryFolder();
    const asked = Promise.withResolvers<void>();
    // A server that never answers keeps the job busy.
    const server = createServer(() => asked.resolve());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const media = [{ name: 'x', url: `http://127.0.0.1:${port}/x`, sha256: '0'.repeat(64) }];
    const os = { repository: 'a', tag: 'b', manifest: `sha256:${'0'.repeat(64)}` };
    const task = { role: 'package', title: '', steps: [], media, unattended: true };
    const recipe = { namespace: 'default', os, deltas: [], task };
    const [store, work] = [join(folder.path, 'store'), join(folder.path, 'work')];
    const child = start(folder.path, { store, work });
    child.stdin.write(`${JSON.stringify({ kind: 'compose', key: 'busy', recipe })}\n`);
    await asked.promise;
    child.stdin.end();
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(1);
    server.closeAllConnections();
    server.close();
  });

  it.each([
    { why: 'no surroundings', worker: {}, spec: '{"kind":"copy"}', code: 'BadWorkerConfig' },
    { why: 'a kind that is none', worker: {}, spec: '{"kind":"convert"}', code: 'BadJobSpec' },
    { why: 'no JSON', worker: {}, spec: 'copy', code: 'BadJobSpec' },
    {
      why: 'a key that climbs',
      worker: { store: 's', work: 'w' },
      spec: '{"kind":"copy","key":"../x"}',
      code: 'BadKey',
    },
  ])('tells of $why as of any failure', async ({ worker, spec, code }) => {
    await using folder = await temporaryFolder();
    const child = start(folder.path, worker);
    child.stdin.write(`${spec}\n`);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(JSON.parse(text)).toMatchObject({ failure: { consequence: 'Impossible', code } });
  });
});

describe('the configuration of a job process', () => {
  it('takes what it knows and nothing else', () => {
    const text = JSON.stringify({ store: 's', work: 'w', machines: '', importRoot: 7, token: 'x' });
    expect(parseWorkerConfig(text)).toEqual({ store: 's', work: 'w' });
    const all = { store: 's', work: 'w', machines: 'm', importRoot: 'i', kubeconfig: 'k' };
    expect(parseWorkerConfig(JSON.stringify(all))).toEqual(all);
  });

  it.each([undefined, '', '[]', '{"store":"s"}', '{"store":1,"work":"w"}'])(
    'refuses %j',
    (text) => {
      expect(() => parseWorkerConfig(text)).toThrow(/does not name a store and a work folder/);
    },
  );
});
