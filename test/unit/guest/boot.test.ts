import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { captureDelta } from '../../../src/engine/capture/capture-delta.ts';
import { captureOs } from '../../../src/engine/capture/scrub.ts';
import { compose } from '../../../src/engine/compose/compose.ts';
import type { GuestWork } from '../../../src/engine/compose/guest-task.ts';
import { inspect } from '../../../src/engine/inspect/inspect.ts';
import { run } from '../../../src/host/run.ts';
import type { DiskFile } from '../../../src/images/source.ts';
import { buildDemoOs } from '../../support/demo-os/build.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import { PATIENCE_MS } from '../../support/until.ts';
import { bytesIn, onVolume, treeDigest } from '../../support/volume/change.ts';
import { engineOn, handedOut, identity, machineDisk } from '../../support/volume/engine.ts';

/** Starts a machine and waits until it has powered itself off; gives its serial line. */
async function boot(disk: DiskFile, folder: string): Promise<string> {
  const copy = join(folder, 'running.qcow2');
  await copyFile(disk.path, copy);
  const drive = `file=${copy},format=qcow2,if=virtio`;
  const args = ['-m', '256', '-nodefaults', '-no-user-config', '-display', 'none', '-net', 'none'];
  const { stdout } = await run(
    'qemu-system-x86_64',
    [...args, '-machine', 'pc', '-serial', 'stdio', '-drive', drive],
    { timeoutMs: PATIENCE_MS },
  );
  await copyFile(copy, disk.path);
  return stdout;
}

const text = (disk: DiskFile, path: string) =>
  onVolume(disk, (volume) => {
    const inode = volume.lookup(path);
    return inode === undefined ? undefined : bytesIn(volume, inode).toString();
  });

const INSTALL: GuestWork = {
  role: 'package',
  title: 'hello 1',
  steps: [
    {
      run: 'echo "#!/bin/sh" > /usr/bin/hello; echo "echo Hello from the layer" >> /usr/bin/hello',
    },
    { run: 'chmod 755 /usr/bin/hello; rm /etc/profile; exit 194', exitCodes: { reboot: [194] } },
    { run: 'hello > /opt/hello.out' },
  ],
  media: [],
  unattended: true,
};

const IMAGE: GuestWork = {
  role: 'image',
  title: 'image',
  scripts: [{ layer: 'hello', run: 'hello > /root/first-boot' }],
  layers: ['hello:1'],
  shutdownWhenDone: true,
};

const isOurs = (path: string) => path === '/var/lib/lamina' || path.endsWith('/S99lamina');

describe('a real machine', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let engine: Awaited<ReturnType<typeof engineOn>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const { path } = await buildDemoOs({ run });
    engine = await engineOn(folder.path, { path, format: 'raw' });
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  it('installs a layer by itself, and an image with it runs its scripts', async () => {
    const { os, tools } = engine;
    const composition = await compose({ id: 'pkg', os, deltas: [], guest: INSTALL }, tools);
    const disk = await machineDisk(folder.path, 'pkg', composition.disk);
    const machine = handedOut(disk);
    const serial = await boot(disk, folder.path);
    expect(serial).toContain('steps 3 of 3');
    expect(await inspect(machine, composition.manifest, tools)).toMatchObject({
      found: { verdict: 'clean' },
    });

    const wanted = { composition, machine, os, requires: [] };
    const layer = await captureDelta({ ...wanted, layer: identity('app', 'hello') }, tools);
    const made = await compose({ id: 'img', os, deltas: [layer], guest: IMAGE }, tools);
    const image = await machineDisk(folder.path, 'img', made.disk);
    await boot(image, folder.path);
    expect(await inspect(handedOut(image), made.manifest, tools)).toMatchObject({
      found: { verdict: 'clean' },
    });
    expect(await text(image, '/root/first-boot')).toBe('Hello from the layer\n');
    expect(await text(image, '/opt/hello.out')).toBe('Hello from the layer\n');
    expect(await text(image, '/etc/profile')).toBeUndefined();

    // The same machine as a new version of the system: nothing of ours is left on it.
    const next = await captureOs({ ...wanted, layer: identity('os', 'tiny', '2') }, tools);
    const raw = join(folder.path, 'next.raw');
    await tools.store.materialize(next, raw);
    const scrubbed = await onVolume({ path: raw, format: 'raw' }, (v) =>
      treeDigest(v, () => false),
    );
    expect(scrubbed).toBe(await onVolume(disk, (volume) => treeDigest(volume, isOurs)));
  });
});
