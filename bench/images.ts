/*
 * Layers on ext4: capture, compose and publish with the same installation on disks of 10,000 and of
 * 100,000 files. What grows with the files is the pass over the metadata; all else should stay.
 */
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoredLayer } from '../src/core/layer.ts';
import { captureDelta } from '../src/engine/capture/capture-delta.ts';
import { compose, type Composed, type ComposeTools } from '../src/engine/compose/compose.ts';
import type { GuestWork } from '../src/engine/compose/guest-task.ts';
import { writeExt4 } from '../src/engine/ext4/write-ext4.ts';
import { run } from '../src/host/run.ts';
import { checkDisk, convertDisk } from '../src/images/qemu-img.ts';
import type { DiskFile } from '../src/images/source.ts';
import { checkedByE2fsck } from '../test/support/ext4-disk.ts';
import { engineOn, handedOut, identity, machineDisk } from '../test/support/volume/engine.ts';
import { atMost, benchmark, type Figure } from './support/figures.ts';
import { installation, INSTALLED_BYTES, makeLargeDisk, PARTITION } from './support/large-disk.ts';
import { quantile, repeated, secondsOf } from './support/timing.ts';

const SIZES = [10_000, 100_000];
const ROUNDS = 3;
const MIB = 2 ** 20;

const PACKAGE: GuestWork = {
  role: 'package',
  title: 'The application',
  steps: [],
  media: [],
  unattended: true,
};

const IMAGE: GuestWork = {
  role: 'image',
  title: 'The image',
  scripts: [],
  layers: ['app 1'],
  shutdownWhenDone: true,
};

interface Bench {
  readonly folder: string;
  readonly os: StoredLayer;
  readonly tools: ComposeTools;
  /** What a packaging machine runs on. */
  readonly composition: Composed;
  /** For the table: which disk it was. */
  readonly on: string;
}

async function storedBytes({ path }: DiskFile): Promise<number> {
  return (await stat(path)).blocks * 512;
}

const median = (what: string, times: readonly number[]): Figure => ({
  what,
  value: quantile(times, 0.5) * 1000,
  unit: 'ms',
});

/** A machine's disk on which the application was installed. */
async function installedMachine({ folder, tools, composition }: Bench): Promise<DiskFile> {
  const disk = await machineDisk(folder, 'machine', composition.disk);
  const workDir = join(folder, 'install');
  await mkdir(workDir);
  const { runDir } = tools;
  await writeExt4({ disk, partition: PARTITION, changes: installation(), workDir, runDir, run });
  return disk;
}

async function captures(bench: Bench): Promise<{ layer: StoredLayer; figures: Figure[] }> {
  const { os, tools, on, composition } = bench;
  const machine = handedOut(await installedMachine(bench));
  const made: StoredLayer[] = [];
  const times = await repeated(ROUNDS, async (round) => {
    const layer = identity('app', `app-${round}`);
    const wanted = { composition, layer, machine, os, requires: [] };
    made.push(await captureDelta(wanted, tools));
  });
  const [layer] = made;
  if (layer === undefined) throw new Error('nothing was captured');
  const beside = `layer of ${(layer.sizeBytes / MIB).toFixed(1)} MiB`;
  return { layer, figures: [{ ...median(`capture, ${on}`, times), beside }] };
}

async function compositions(
  bench: Bench,
  layer: StoredLayer,
): Promise<{ image: DiskFile; figures: Figure[] }> {
  const { os, tools, on, folder } = bench;
  const made: Composed[] = [];
  const times = await repeated(ROUNDS, async (round) => {
    const wanted = { id: `image-${round}`, os, deltas: [layer], guest: IMAGE };
    made.push(await compose(wanted, tools));
  });
  const [first] = made;
  if (first === undefined) throw new Error('nothing was composed');
  const image = first.disk;
  await checkDisk(run, image);
  const copy = await machineDisk(folder, 'check', image);
  await checkedByE2fsck(copy);
  const overlay = await storedBytes(image);
  const beyond = {
    what: `overlay beyond the ${(INSTALLED_BYTES / MIB).toFixed(1)} MiB of content, ${on}`,
    value: (overlay - INSTALLED_BYTES) / 1024,
    unit: 'KiB',
    beside: `${((overlay / INSTALLED_BYTES - 1) * 100).toFixed(1)} %`,
  };
  return { image, figures: [median(`compose an image with that layer, ${on}`, times), beyond] };
}

/** Publishes an image that is there already: nothing may be written. */
async function again({ os, tools, on, folder }: Bench, layer: StoredLayer): Promise<Figure[]> {
  const mark = join(folder, 'mark');
  await writeFile(mark, '');
  const times = await repeated(ROUNDS, () =>
    compose({ id: 'image-0', os, deltas: [layer], guest: IMAGE }, tools),
  );
  const places = [tools.work, join(folder, 'store')];
  const { stdout } = await run('find', [
    ...places,
    ...'-type f -newer'.split(' '),
    mark,
    '-printf',
    '%s\\n',
  ]);
  const bytes = stdout.split('\n').reduce((sum, size) => sum + Number(size), 0);
  return [
    median(`compose it again unchanged, ${on}`, times),
    { what: `bytes written by that, ${on}`, value: bytes, unit: '', ...atMost(0) },
  ];
}

/** One file of the whole chain, as the local platform publishes it, beside a copy of the OS disk. */
async function publishing(
  { on, folder }: Bench,
  os: DiskFile,
  source: DiskFile,
): Promise<readonly Figure[]> {
  const target = (round: number) => join(folder, `published-${round}.qcow2`);
  const times = await repeated(ROUNDS, async (round) => {
    await convertDisk(run, source, { path: target(round), format: 'qcow2' });
    await run('sync', [target(round)]);
  });
  const copies = await repeated(ROUNDS, async (round) => {
    const copy = join(folder, `copy-${round}.raw`);
    await run('cp', ['--sparse=always', '--reflink=never', os.path, copy]);
    await run('sync', [copy]);
  });
  const floor = Math.round(quantile(copies, 0.5) * 1000);
  return [
    {
      ...median(`publish as one file, ${on}`, times),
      beside: `cp of the OS disk alone: ${floor} ms`,
    },
  ];
}

async function onDisk(folder: string, files: number): Promise<readonly Figure[]> {
  await mkdir(folder);
  const disk = await makeLargeDisk(folder, files);
  const { os, tools } = await engineOn(folder, disk);
  const made: Composed[] = [];
  const first = await secondsOf(async () => {
    made.push(await compose({ id: 'package', os, deltas: [], guest: PACKAGE }, tools));
  });
  const [composition] = made;
  if (composition === undefined) throw new Error('nothing was composed');
  const on = `${files.toLocaleString('en')} files`;
  const bench: Bench = { folder, os, tools, composition, on };
  const { layer, figures } = await captures(bench);
  const images = await compositions(bench, layer);
  return [
    {
      what: `first composition, the OS disk read from the store, ${bench.on}`,
      value: first * 1000,
      unit: 'ms',
      beside: `disk holds ${Math.round((await storedBytes(disk)) / MIB)} MiB`,
    },
    ...figures,
    ...images.figures,
    ...(await again(bench, layer)),
    ...(await publishing(bench, disk, images.image)),
  ];
}

const folder = await mkdtemp(join(tmpdir(), 'lamina-bench-'));
try {
  await benchmark('images', async (say) => {
    const figures: Figure[] = [];
    for (const files of SIZES) {
      say(`a disk of ${files} files`);
      figures.push(...(await onDisk(join(folder, `${files}`), files)));
    }
    return figures;
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}
