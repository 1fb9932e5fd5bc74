import { join } from 'node:path';
import { openApiServer } from '../../../src/apiserver/server.ts';
import { isFailure } from '../../../src/core/failure.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { silentLog } from '../../../src/host/log.ts';
import { kubeClient } from '../../../src/kube/client.ts';
import { EVENTS, SECRETS } from '../../../src/kube/resource.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { SmallDisk, whyNoSmallDisk } from '../../support/small-disk.ts';

const reason = await whyNoSmallDisk();
const title = reason === undefined ? 'the embedded API on a full disk' : `skipped: ${reason}`;

const open = (dataDir: string) =>
  openApiServer({
    dataDir,
    listen: { host: '127.0.0.1', port: 0 },
    clock: systemClock,
    random: Math.random,
    log: silentLog,
    version: '0.0.0',
  });

const value = Buffer.alloc(30_000, 'x').toString('base64');
const secret = (name: string) =>
  ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'default' },
    data: { value },
  }) as never;

(reason === undefined ? describe : describe.skip)(title, () => {
  it('answers 507 with the reason, changes nothing, and goes on when there is room', async () => {
    await using folder = await temporaryFolder();
    await using disk = await SmallDisk.mount(join(folder.path, 'data'), { kibibytes: 1500 });
    await using server = Object.assign(await open(disk.path), {
      [Symbol.asyncDispose]: () => server.close(),
    });
    const client = kubeClient(server.handler);
    const stored: string[] = [];
    const fill = async () => {
      for (let count = 0; count < 200; count += 1) {
        const name = `s${stored.length}`;
        await client.create(SECRETS, secret(name));
        stored.push(name);
      }
    };
    const names = async () => (await client.list(SECRETS)).items.map((item) => item.metadata.name);
    const seen: unknown[] = [];
    const over = new AbortController();
    const { resourceVersion } = (await client.list(SECRETS)).metadata;
    const options = { resourceVersion, signal: over.signal };
    const watching = (async () => {
      for await (const { object } of client.watch(SECRETS, options)) {
        seen.push(object.metadata.name);
      }
    })().catch(() => undefined);

    const full = await fill().catch((error: unknown) => error);
    if (!isFailure(full)) throw full;
    expect(full).toMatchObject({ consequence: 'Denied', code: 'InsufficientStorage' });
    expect(full.message).toMatch(/not enough room on the file system of .*api\.db: .* are free/);
    // Small ones may still fit into what is left; none may be lost or half there.
    expect((await names()).sort()).toEqual(stored.toSorted());
    expect((await client.list(EVENTS)).items).toEqual([]);

    await disk.resize({ kibibytes: 40_000 });
    await fill();
    expect((await names()).sort()).toEqual(stored.toSorted());
    const last = stored.at(-1);
    while (!seen.includes(last)) await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual(stored);
    over.abort();
    await watching;
  });

  it('says so at its start', async () => {
    await using folder = await temporaryFolder();
    await using disk = await SmallDisk.mount(join(folder.path, 'data'), { kibibytes: 40 });
    await expect(open(disk.path)).rejects.toMatchObject({ errcode: 13 });
    await disk.resize({ kibibytes: 4000 });
    await (await open(disk.path)).close();
  });
});
