import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/host/clock.ts';
import { silentLog } from '../../../src/host/log.ts';
import { up } from '../../../src/main/up.ts';
import { openStore } from '../../../src/store/store.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';

const start = (dataDir: string) =>
  up({
    dataDir,
    listen: { host: '127.0.0.1', port: 0 },
    pollMs: 1000,
    namespace: 'default',
    log: silentLog,
  });

describe('lamina up with another store than before', () => {
  it.each([
    {
      why: 'it is not mounted',
      harm: (store: string) => rename(store, `${store}.away`),
      says: 'holds no store',
    },
    {
      why: 'it is of another installation',
      harm: async (store: string) => {
        await rename(store, `${store}.away`);
        await openStore(store, { clock: systemClock });
      },
      says: 'is the store of another installation',
    },
  ])('refuses it, makes nothing there, and goes on with the right one: $why', async (row) => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, 'data');
    const store = join(dataDir, 'store');
    await (await start(dataDir)).close();
    await row.harm(store);
    const before = await readdir(store).catch((): string[] => []);
    await expect(start(dataDir)).rejects.toMatchObject({
      consequence: 'Denied',
      code: 'StoreReplaced',
      message: expect.stringContaining(row.says),
      hint: expect.stringContaining(join(dataDir, 'store-id')),
    });
    expect(await readdir(store)).toEqual(before);
    await rename(store, `${store}.wrong`);
    await rename(`${store}.away`, store);
    await (await start(dataDir)).close();
  });
});
