import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../../src/core/digest.ts';
import { isFailure } from '../../../src/core/failure.ts';
import type { LayerPointer } from '../../../src/core/layer.ts';
import { captureDelta } from '../../../src/engine/capture/capture-delta.ts';
import { captureOs } from '../../../src/engine/capture/scrub.ts';
import { compose, type Composed, type ComposeTools } from '../../../src/engine/compose/compose.ts';
import { openExt4 } from '../../../src/engine/ext4/reader.ts';
import { metadataBlocks } from '../../../src/engine/ext4/write/metadata-blocks.ts';
import { inspect } from '../../../src/engine/inspect/inspect.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { run } from '../../../src/host/run.ts';
import { part } from '../../../src/images/part.ts';
import type { DiskFormat } from '../../../src/images/source.ts';
import { importDisk } from '../../../src/jobs/import-disk.ts';
import type { StoreTools } from '../../../src/jobs/tools.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { memorySource } from '../../support/memory-source.ts';
import { seeded } from '../../support/random.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import { runs, SEED } from '../../support/soak.ts';
import { engineOn, handedOut, identity } from '../../support/volume/engine.ts';

const ROUNDS = runs(600);
const START = 2 ** 20;
const SIZE = 10 * 2 ** 20;

const GUEST = {
  role: 'package',
  title: 'Package it',
  steps: [],
  media: [],
  unattended: false,
} as const;

const TREE = `
mkdir -p etc/rc2.d usr/bin var/lib opt; echo root:x:0:0::/: > etc/passwd
for i in $(seq 300); do echo $i > usr/bin/tool-with-a-long-name-$i; done
truncate -s 4G opt/holes; printf x | dd of=opt/holes bs=1M seek=3000 conv=notrunc status=none
ln usr/bin/tool-with-a-long-name-1 opt/link; ln -s ../usr opt/sym; head -c 700000 /dev/urandom > opt/data`;

/** A small disk with a system, and the places on it that mean something. */
async function diskWith(folder: string, label: string, features: string) {
  const path = join(folder, `${label}-${features.length}.raw`);
  const tree = join(folder, 'tree');
  await rm(tree, { recursive: true, force: true });
  await mkdir(tree);
  await run('sh', ['-euc', TREE], { cwd: tree });
  await writeFile(path, '');
  await truncate(path, SIZE + START);
  const type = label === 'gpt' ? 'L' : '83';
  const size = (SIZE - START) / 512;
  await run('sfdisk', ['-q', path], {
    stdin: `label: ${label}\nstart=2048, size=${size}, type=${type}\n`,
  });
  const how = ['-q', '-t', 'ext4', '-b', '1024', '-O', features, '-d', tree];
  await run('mke2fs', [...how, '-E', `offset=${START}`, path, `${(SIZE - START) / 1024}k`]);
  const bytes = await readFile(path);
  const volume = openExt4(part(memorySource(bytes), START, SIZE - START));
  const blocks = [...metadataBlocks(volume)].flatMap(({ block, count }) =>
    Array.from({ length: count }, (_, i) => START + (block + i) * 1024),
  );
  const tables = [0, 512, 1024, bytes.length - 512, bytes.length - 17 * 1024];
  const used = blocks.filter((at) => bytes.subarray(at, at + 1024).some((byte) => byte !== 0));
  return { bytes, places: used, tables };
}

type Disk = Awaited<ReturnType<typeof diskWith>>;

/** Hurts some words of a disk, most of them where the file system keeps its books. */
function hurt({ bytes, places, tables }: Disk, random: () => number): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = 0; i < 1 + Math.floor(random() * 4); i += 1) {
    const from = random() < 0.15 ? tables : places;
    const at = (from[Math.floor(random() * from.length)] ?? 0) + Math.floor(random() * 256) * 4;
    const place = Math.min(at, copy.length - 4);
    if (random() < 0.4) copy[place] = (copy[place] ?? 0) ^ (1 << Math.floor(random() * 8));
    else copy.writeUInt32LE(random() < 0.3 ? 0xffff_ffff : Math.floor(random() * 9000), place);
  }
  return copy;
}

describe('disks that were hurt', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let disks: readonly Disk[];
  let tools: ComposeTools;
  let jobs: StoreTools;
  let os: LayerPointer;
  let composition: Composed;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const place = join(folder.path, 'place');
    await mkdir(place);
    disks = [
      await diskWith(folder.path, 'dos', '^metadata_csum,^has_journal'),
      await diskWith(folder.path, 'gpt', '^metadata_csum,^has_journal,^extent,^64bit'),
    ];
    const path = join(place, 'good.raw');
    await writeFile(path, disks[0]?.bytes ?? '');
    ({ tools, os } = await engineOn(place, { path, format: 'raw' }));
    composition = await compose({ id: 'good', os, deltas: [], guest: GUEST }, tools);
    jobs = {
      ...tools,
      clock: systemClock,
      signal: new AbortController().signal,
      places: { store: join(place, 'store'), work: tools.work },
      importRoot: place,
      fetchMedia: () => Promise.resolve(),
      transferFor: () => Promise.reject(new Error('no platform is needed')),
    };
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  /** What a step said: that it went well, or the consequence of its failure. Anything else thrown is a bug. */
  const attempt = async (work: () => Promise<unknown>): Promise<string> => {
    try {
      await work();
      return 'value';
    } catch (error) {
      if (!isFailure(error)) throw error;
      return error.consequence;
    }
  };

  const importOf = (bytes: Buffer, seed: string, format: DiskFormat) => {
    const layer = identity('os', `hurt-${seed}`);
    const hex = sha256(bytes).slice('sha256:'.length);
    const job = { kind: 'import', key: 'x', layer, file: 'hurt', format, sha256: hex } as const;
    return { layer, done: () => importDisk(job, jobs) };
  };

  /** Takes a disk through everything that is done with disks. */
  const through = async (name: string, bytes: Buffer, format: DiskFormat) => {
    const path = join(folder.path, 'place', 'hurt');
    await writeFile(path, bytes);
    const machine = handedOut({ path, format });
    const wanted = { composition, machine, os, requires: [] };
    const { layer, done } = importOf(bytes, name, format);
    const said = [
      await attempt(() => inspect(machine, { nonce: 'x', role: 'package' }, tools)),
      await attempt(() => captureDelta({ ...wanted, layer: identity('app', name) }, tools)),
      await attempt(() => captureOs({ ...wanted, layer: identity('os', name, '2') }, tools)),
      await attempt(done),
    ];
    const found = await tools.store.find(layer.repository, layer.tag);
    if (found === undefined) return said;
    const wish = { id: `i-${name}`, os: found, deltas: [], guest: GUEST };
    said.push(await attempt(() => compose(wish, tools)));
    await rm(join(tools.work, 'base'), { recursive: true, force: true });
    return said;
  };

  /** The same disk as a file with tables of its own, and where they lie. */
  const asQcow2 = async ({ bytes }: Disk): Promise<Disk> => {
    const [raw, path] = [join(folder.path, 'place', 'raw'), join(folder.path, 'place', 'qcow2')];
    await writeFile(raw, bytes);
    await run('qemu-img', [...'convert -f raw -O qcow2'.split(' '), raw, path]);
    const file = await readFile(path);
    const tables = Array.from({ length: 5 }, (_, cluster) => cluster * 65_536);
    return { bytes: file, places: tables, tables: [0] };
  };

  it('are read, captured and composed, or refused in words', async () => {
    const kinds = [
      ...disks.map((disk) => ({ disk, format: 'raw' as const })),
      ...(await Promise.all(disks.slice(0, 1).map(asQcow2))).map((disk) => ({
        disk,
        format: 'qcow2' as const,
      })),
    ];
    for (const [i, { disk, format }] of kinds.entries()) {
      expect([i, await through(`good-${i}`, disk.bytes, format)]).toEqual([
        i,
        Array.from({ length: 5 }, () => 'value'),
      ]);
    }
    const said: string[] = [];
    for (let seed = SEED; seed < SEED + ROUNDS; seed += 1) {
      const kind = kinds[seed % kinds.length];
      if (kind === undefined) break;
      const bytes = hurt(kind.disk, seeded(seed));
      const words = await through(`${seed}`, bytes, kind.format).catch((cause: unknown) => {
        throw new Error(`seed ${seed}`, { cause });
      });
      said.push(...words);
      // An image without its tables is refused for good; a file system can be repaired.
      const allowed =
        kind.format === 'raw' ? ['value', 'Denied'] : ['value', 'Denied', 'Impossible'];
      expect([seed, words.filter((word) => !allowed.includes(word))]).toEqual([seed, []]);
    }
    expect(new Set(said).size).toBe(3);
    expect(await readdir(folder.path)).toHaveLength(4);
    expect(process.memoryUsage().rss).toBeLessThan(2 ** 31);
  });
});
