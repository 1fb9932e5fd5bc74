import { link, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256 } from '../../../src/core/digest.ts';
import type { LayerIdentity, StoredLayer } from '../../../src/core/layer.ts';
import type { LayerRole } from '../../../src/core/identity.ts';
import type { MachineDisk } from '../../../src/engine/capture/machine-disk.ts';
import { captureDelta } from '../../../src/engine/capture/capture-delta.ts';
import { compose, type ComposeTools } from '../../../src/engine/compose/compose.ts';
import type { GuestWork } from '../../../src/engine/compose/guest-task.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { run } from '../../../src/host/run.ts';
import { openDisk } from '../../../src/images/open-disk.ts';
import { createOverlay } from '../../../src/images/qemu-img.ts';
import type { DiskFile } from '../../../src/images/source.ts';
import { openStore } from '../../../src/store/store.ts';
import { fsck, makeDisk, mounted } from './disk.ts';

/** What a layer of a test is called. */
export function identity(role: LayerRole, name: string, version = '1'): LayerIdentity {
  return {
    role,
    name,
    version,
    repository: `lamina/test/${role}/${name}`,
    tag: `${version}-00000000`,
    inputs: sha256(`${role}/${name}/${version}`),
    created: '2026-01-01T00:00:00Z',
  };
}

/** An operating system in the store, with the tools to work on it. */
export async function engineWith(folder: string, script: string) {
  return engineOn(folder, await makeDisk(folder, script));
}

/** A disk in a new store, with the tools to work on it. */
export async function engineOn(folder: string, disk: DiskFile) {
  const work = join(folder, 'work');
  const runDir = join(folder, 'run');
  for (const path of [work, runDir]) await mkdir(path, { recursive: true });
  const store = await openStore(join(folder, 'store'), { clock: systemClock });
  const source = await openDisk(disk, { run });
  const os = await store.putDisk({ disk: source, layer: identity('os', 'tiny') });
  source.close();
  const tools: ComposeTools = {
    run,
    work,
    runDir,
    store,
    progress: () => undefined,
  };
  return { disk, os, tools };
}

/** The overlay that a machine would run on. */
export function machineDisk(folder: string, name: string, backing: DiskFile): Promise<DiskFile> {
  return createOverlay(run, { path: join(folder, `${name}.qcow2`), backing });
}

/** A person is asked to install something. */
export const PERSON: GuestWork = {
  role: 'package',
  title: 'Package it',
  steps: [],
  media: [],
  instructions: 'Install it.',
  unattended: false,
};

/** An image of one layer. */
export const IMAGE: GuestWork = {
  role: 'image',
  title: 'An image',
  scripts: [],
  layers: ['app'],
  shutdownWhenDone: true,
};

interface Scene {
  readonly engine: Awaited<ReturnType<typeof engineWith>>;
  readonly folder: string;
}

/** What a person installs on the machine `pkg`, as the kernel shows it there and as a layer. */
export async function installed<Seen>(
  { engine: { tools, os }, folder }: Scene,
  script: string,
  show: (root: string) => Promise<Seen>,
): Promise<{ readonly seen: Seen; readonly layer: StoredLayer }> {
  const composition = await compose({ id: 'pkg', os, deltas: [], guest: PERSON }, tools);
  await fsck(composition.disk, folder);
  const machine = await machineDisk(folder, 'pkg', composition.disk);
  const seen = await mounted(machine, folder, async (root) => {
    await run('sh', ['-euc', script], { cwd: root });
    return show(root);
  });
  const layer = await captureDelta(
    { composition, layer: identity('app', 'app'), machine: handedOut(machine), os, requires: [] },
    tools,
  );
  return { seen, layer };
}

/** What the kernel shows of an image with a layer, once the file system is found to be whole. */
export async function imaged<Seen>(
  { engine: { tools, os }, folder }: Scene,
  layer: StoredLayer,
  show: (root: string) => Promise<Seen>,
): Promise<Seen> {
  const { disk } = await compose({ id: 'img', os, deltas: [layer], guest: IMAGE }, tools);
  await fsck(disk, folder);
  return mounted(await machineDisk(folder, 'img', disk), folder, show);
}

/** A disk of the test as a platform hands it out. */
export function handedOut(disk: DiskFile, ...more: readonly string[]): MachineDisk {
  return { disk, roots: [dirname(disk.path), ...more] };
}

/** What a platform with local files does with a composed disk: names of its own for the same files. */
export async function takenOver(folder: string, name: string, disk: DiskFile): Promise<DiskFile> {
  const own = join(folder, name);
  await mkdir(own);
  for (const file of ['disk.qcow2', 'base.raw']) {
    await link(join(dirname(disk.path), file), join(own, file));
  }
  return createOverlay(run, {
    path: join(own, 'machine.qcow2'),
    backing: { path: 'disk.qcow2', format: 'qcow2' },
  });
}
