import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isFailure } from '../../../src/core/failure.ts';
import { run } from '../../../src/host/run.ts';
import { inspectImage } from '../../../src/images/header.ts';
import { checkDisk, convertDisk } from '../../../src/images/qemu-img.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { seeded } from '../../support/random.ts';
import { writeQcow2 } from '../../support/qcow2.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { runs, SEED } from '../../support/soak.ts';

const GIB = 2 ** 30;
const CLUSTER = 2 ** 16;
const ROUNDS = runs(1200);

function placesIn(folder: string) {
  return { raw: join(folder, 'raw'), path: join(folder, 'disk'), back: join(folder, 'back') };
}

/** What an import does with an image until it is raw. */
async function taken(path: string, target: string): Promise<number> {
  const image = { path, format: 'qcow2' } as const;
  const { rawBytes } = inspectImage(image);
  await checkDisk(run, image);
  await convertDisk(run, image, { path: target, format: 'raw' });
  return rawBytes;
}

describe('a qcow2 file that is made to grow', () => {
  it.each([
    { why: 'all entries lead to one cluster', image: { sizeBytes: 2 * GIB } },
    { why: 'few clusters in turn', image: { sizeBytes: GIB, dataClusters: 100 } },
    { why: 'one table for all of the disk', image: { sizeBytes: 64 * GIB, sharedTable: true } },
  ])('is refused before any program reads it: $why', async ({ image }) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'bomb');
    writeQcow2(path, image);
    // The independent judge has nothing against it.
    if (image.sizeBytes <= 2 * GIB) await checkDisk(run, { path, format: 'qcow2' });
    expect(() => inspectImage({ path, format: 'qcow2' })).toThrow(
      expect.objectContaining({
        code: 'DiskRefused',
        consequence: 'Impossible',
        message: expect.stringContaining('used twice'),
      }),
    );
  });

  it('is refused where compressed clusters promise what no disk holds', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'bomb');
    writeQcow2(path, { sizeBytes: 4 * GIB, compressed: true });
    expect(() => inspectImage({ path, format: 'qcow2' })).toThrow('would become 4 GiB');
  });
});

describe('a qcow2 file of a tool', () => {
  it.each([
    { why: 'as usual', options: [] },
    { why: 'compressed', options: ['-c'] },
    { why: 'compressed by zstd', options: ['-c', '-o', 'compression_type=zstd'] },
    { why: 'of version 2', options: ['-o', 'compat=0.10'] },
    { why: 'with small clusters', options: ['-o', 'cluster_size=4k'] },
    { why: 'with extended entries', options: ['-o', 'extended_l2=on,cluster_size=128k'] },
    { why: 'with room made before', options: ['-o', 'preallocation=metadata'] },
  ])('is taken, and takes no more than was told: $why', async ({ options }) => {
    await using folder = await temporaryFolder();
    const { raw, path, back } = placesIn(folder.path);
    const script = `head -c 3000000 /dev/urandom > ${raw}; yes | head -c 3000000 >> ${raw}; truncate -s 60M ${raw}`;
    await run('sh', ['-euc', script]);
    await run('qemu-img', ['convert', '-O', 'qcow2', ...options, raw, path]);
    const rawBytes = await taken(path, back);
    await run('cmp', [raw, back]);
    expect(rawBytes).toBeLessThanOrEqual(60 * 2 ** 20);
    expect(statSync(back).blocks * 512).toBeLessThanOrEqual(rawBytes);
  });
});

describe('a damaged qcow2 file', () => {
  it.each([{ options: [] }, { options: ['-c'] }])(
    'is refused for good or read, never tried again: $options',
    async ({ options }) => {
      await using folder = await temporaryFolder();
      const { raw, path, back } = placesIn(folder.path);
      await run('sh', ['-euc', `seq 250000 > ${raw}; truncate -s 2M ${raw}`]);
      await run('qemu-img', ['convert', '-O', 'qcow2', ...options, raw, path]);
      const good = readFileSync(path);
      const hurt = join(folder.path, 'hurt');
      let refusals = 0;
      for (let seed = SEED; seed < SEED + ROUNDS; seed += 1) {
        const random = seeded(seed);
        writeFileSync(hurt, damaged(good, random));
        try {
          await taken(hurt, back);
        } catch (error) {
          expect([seed, isFailure(error) ? error.consequence : error]).toEqual([
            seed,
            'Impossible',
          ]);
          refusals += 1;
        }
      }
      expect(refusals).toBeGreaterThan(ROUNDS / 4);
      // Nothing is left of what failed.
      expect((await readdir(folder.path)).filter((name) => name.startsWith('.'))).toEqual([]);
    },
  );
});

/** Bytes of header, tables and data hurt, or the end cut off. */
function damaged(good: Buffer, random: () => number): Buffer {
  const bytes = Buffer.from(good);
  for (let i = 0; i < 1 + Math.floor(random() * 3); i += 1) {
    const cluster = Math.floor(random() * (good.length / CLUSTER)) * CLUSTER;
    const near = random() < 0.5 ? 128 : CLUSTER;
    const at = Math.min(cluster + Math.floor(random() * near), bytes.length - 1);
    bytes[at] = Math.floor(random() * 256);
  }
  const cut = random() < 0.2 ? Math.floor(random() * bytes.length) : bytes.length;
  return bytes.subarray(0, cut);
}
