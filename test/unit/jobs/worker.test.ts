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

/** The specification of a job that begins with fetching a file. */
function composing(url: string): string {
  const media = [{ name: 'x', url, sha256: '0'.repeat(64) }];
  const os = { repository: 'a', tag: 'b', manifest: `sha256:${'0'.repeat(64)}` };
  const task = { role: 'package', title: '', steps: [], media, unattended: true };
  const recipe = { namespace: 'default', os, deltas: [], task };
  return `${JSON.stringify({ kind: 'compose', key: 'busy', recipe })}\n`;
}

describe('the process of a job', () => {
  it('ends at once when its parent dies', async () => {
    await using folder = await temporaryFolder();
    const asked = Promise.withResolvers<void>();
    // A server that never answers keeps the job busy.
    const server = createServer(() => asked.resolve());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const [store, work] = [join(folder.path, 'store'), join(folder.path, 'work')];
    const child = start(folder.path, { store, work, allowLocalMedia: true });
    child.stdin.write(composing(`http://127.0.0.1:${port}/x`));
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
    {
      why: 'media with a password',
      worker: { store: 's', work: 'w' },
      spec: composing('https://user:hunter2@media.test/x').trim(),
      code: 'UrlWithPassword',
    },
    {
      why: 'media from this machine, which nobody allowed',
      worker: { store: 's', work: 'w' },
      spec: composing('http://127.0.0.1:1/x').trim(),
      code: 'AddressRefused',
    },
  ])('tells of $why as of any failure', async ({ worker, spec, code }) => {
    await using folder = await temporaryFolder();
    const child = start(folder.path, worker);
    child.stdin.write(`${spec}\n`);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    }
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(text).not.toContain('hunter2');
    const last = text.trim().split('\n').at(-1) ?? '';
    expect(JSON.parse(last)).toMatchObject({ failure: { consequence: 'Impossible', code } });
  });
});

describe('the configuration of a job process', () => {
  it('takes what it knows and nothing else', () => {
    const odd = { machines: '', importRoot: 7, allowLocalMedia: 'yes', token: 'x' };
    const text = JSON.stringify({ store: 's', work: 'w', ...odd });
    expect(parseWorkerConfig(text)).toEqual({ store: 's', work: 'w' });
    const all = {
      store: 's',
      work: 'w',
      machines: 'm',
      importRoot: 'i',
      allowLocalMedia: true,
      kubeconfig: 'k',
    };
    expect(parseWorkerConfig(JSON.stringify(all))).toEqual(all);
  });

  it.each([undefined, '', '[]', '{"store":"s"}', '{"store":1,"work":"w"}'])(
    'refuses %j',
    (text) => {
      expect(() => parseWorkerConfig(text)).toThrow(/does not name a store and a work folder/);
    },
  );
});
