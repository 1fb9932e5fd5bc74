import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { blobCount, layerNamed, memoryDisk, noise, storeIn } from './fixtures.ts';

const disk = memoryDisk(noise(1, 4096));

describe('a store whose index is lost', () => {
  it.each([
    { why: 'index.json was deleted', harm: (path: string) => rm(path) },
    { why: 'it has no bytes', harm: (path: string) => writeFile(path, '') },
    { why: 'it is torn', harm: (path: string) => writeFile(path, '{"schemaVersion":2,"mani') },
    {
      why: 'all but the blobs was deleted',
      harm: async (path: string) => {
        await rm(path);
        await rm(join(path, '..', 'oci-layout'));
      },
    },
  ])('is refused where $why, and goes on with the copy', async ({ harm }) => {
    await using folder = await temporaryFolder();
    const root = join(folder.path, 'store');
    const index = join(root, 'index.json');
    const store = await storeIn(folder.path);
    const stored = await store.putDisk({ disk, layer: layerNamed('1') });
    const blobs = await blobCount(folder.path);
    await harm(index);
    const lost = {
      consequence: 'Denied',
      code: 'StoreIndexLost',
      message: expect.stringContaining(index),
      hint: expect.stringContaining(join(root, '.lamina', 'index.json.bak')),
    };
    await expect(storeIn(folder.path)).rejects.toMatchObject(lost);
    await expect(store.find(stored.repository, stored.tag)).rejects.toMatchObject(lost);
    await expect(store.putDisk({ disk, layer: layerNamed('2') })).rejects.toMatchObject(lost);
    expect(await blobCount(folder.path)).toBeGreaterThanOrEqual(blobs);
    await copyFile(join(root, '.lamina', 'index.json.bak'), index);
    expect(await (await storeIn(folder.path)).find(stored.repository, stored.tag)).toEqual(stored);
  });

  it('has a copy with every version that was ever said to be stored', async () => {
    await using folder = await temporaryFolder();
    const store = await storeIn(folder.path);
    for (const version of ['1', '2', '3']) {
      await store.putDisk({ disk, layer: layerNamed(version) });
      const root = join(folder.path, 'store');
      const copy = await readFile(join(root, '.lamina', 'index.json.bak'), 'utf8');
      expect(copy).toBe(await readFile(join(root, 'index.json'), 'utf8'));
    }
  });

  it('is a new one where there are no blobs: there is nothing to lose', async () => {
    await using folder = await temporaryFolder();
    const { installId } = await storeIn(folder.path);
    await rm(join(folder.path, 'store', 'index.json'));
    expect((await storeIn(folder.path)).installId).toBe(installId);
    expect(await readdir(join(folder.path, 'store'))).toContain('index.json');
  });

  it('makes oci-layout again, which always has the same content', async () => {
    await using folder = await temporaryFolder();
    const store = await storeIn(folder.path);
    const { repository, tag } = await store.putDisk({ disk, layer: layerNamed('1') });
    await rm(join(folder.path, 'store', 'oci-layout'));
    expect(await (await storeIn(folder.path)).find(repository, tag)).toBeDefined();
  });
});
