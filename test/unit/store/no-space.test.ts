import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { isFailure } from '../../../src/core/failure.ts';
import type { StoredLayer } from '../../../src/core/layer.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { openStore, type LayerStore } from '../../../src/store/store.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { SmallDisk, whyNoSmallDisk, type SmallDiskSize } from '../../support/small-disk.ts';
import { layerNamed, memoryDisk, noise } from './fixtures.ts';

const reason = await whyNoSmallDisk();
const title = reason === undefined ? 'a store without room' : `skipped: ${reason}`;

const bytes = noise(1, 12 * 2 ** 20);
const verbs = async (store: LayerStore): Promise<StoredLayer> => {
  const base = await store.putDisk({ disk: memoryDisk(bytes), layer: layerNamed('1') });
  await store.evidence.putComposed({ id: `c-${'0'.repeat(40)}`, sizeBytes: 1 });
  return store.putDelta({
    tar: Readable.from([bytes]),
    layer: layerNamed('1', 'app'),
    base,
    requires: [],
    stats: { files: 1 },
  });
};

describe(title, () => {
  const check = reason === undefined ? it.each : it.skip.each;
  check([
    {
      why: 'bytes are used up',
      sizes: [20, 60, 200, 4000, 9000, 12_400, 14_000, 20_000, 24_700],
      of: (kibibytes: number): SmallDiskSize => ({ kibibytes }),
    },
    {
      why: 'files are used up',
      sizes: [5, 8, 11, 12, 13, 14, 15, 16, 18],
      of: (files: number): SmallDiskSize => ({ kibibytes: 60_000, files }),
    },
  ])('says so where $why, leaves no part, and goes on when there is room', async (row) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'store');
    await using disk = await SmallDisk.mount(path, row.of(row.sizes[0] ?? 0));
    const told: string[] = [];
    for (const size of row.sizes) {
      await disk.resize(row.of(size));
      try {
        await verbs(await openStore(path, { clock: systemClock }));
      } catch (error) {
        if (!isFailure(error)) throw error;
        expect(error).toMatchObject({ consequence: 'Denied', code: 'NoRoom' });
        expect(error.message).toMatch(
          /not enough room on the file system of .*store.*: .* are free/,
        );
        told.push(error.message);
      }
      const left = await readdir(join(path, '.lamina', 'ingest')).catch((): string[] => []);
      expect(left).toEqual([]);
    }
    expect(told.length).toBeGreaterThan(5);
    await disk.resize({ kibibytes: 60_000 });
    const stored = await verbs(await openStore(path, { clock: systemClock }));
    await using other = await temporaryFolder();
    const good = await verbs(await openStore(join(other.path, 'good'), { clock: systemClock }));
    expect(stored).toEqual(good);
  });

  (reason === undefined ? it : it.skip)(
    'says how much a disk needs that does not fit',
    async () => {
      await using folder = await temporaryFolder();
      const store = await openStore(join(folder.path, 'store'), { clock: systemClock });
      const stored = await store.putDisk({ disk: memoryDisk(bytes), layer: layerNamed('1') });
      await using disk = await SmallDisk.mount(join(folder.path, 'work'), { kibibytes: 5000 });
      const target = join(disk.path, 'disk.raw');
      await expect(store.materialize(stored, target)).rejects.toMatchObject({
        consequence: 'Denied',
        code: 'NoRoom',
        message: expect.stringMatching(/work: the disk of .* needs 12 MiB, 4\.\d MiB are free/),
      });
      expect(await readdir(disk.path)).toEqual([]);
      await disk.resize({ kibibytes: 20_000 });
      await store.materialize(stored, target);
    },
  );
});
