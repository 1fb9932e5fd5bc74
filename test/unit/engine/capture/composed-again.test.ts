import { link, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { captureDelta } from '../../../../src/engine/capture/capture-delta.ts';
import { filesAbove } from '../../../../src/engine/capture/machine-disk.ts';
import { captureOs } from '../../../../src/engine/capture/scrub.ts';
import { compose, type Composed } from '../../../../src/engine/compose/compose.ts';
import type { GuestWork } from '../../../../src/engine/compose/guest-task.ts';
import { linkBase } from '../../../../src/engine/compose/link-base.ts';
import type { StoredLayer } from '../../../../src/core/layer.ts';
import { readChain } from '../../../../src/images/chain.ts';
import type { DiskFile } from '../../../../src/images/source.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../../support/runner.ts';
import { changeDisk, file, onVolume, treeDigest } from '../../../support/volume/change.ts';
import { engineWith, handedOut, identity, takenOver } from '../../../support/volume/engine.ts';

const SYSTEM = `
mkdir -p etc/rc2.d usr/bin var/lib tmp lib; head -c 2000000 /dev/urandom > usr/bin/tool
for i in $(seq 120); do echo $i > lib/f$i; done; ln lib/f1 lib/f1-link; echo root:x:0:0::/: > etc/passwd`;
const GUEST: GuestWork = { role: 'package', title: '', steps: [], media: [], unattended: true };

const wholeTree = (disk: DiskFile) => onVolume(disk, (volume) => treeDigest(volume, () => false));

describe('a composition that is made again', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let engine: Awaited<ReturnType<typeof engineWith>>;
  let below: StoredLayer;
  beforeAll(async () => {
    folder = await temporaryFolder();
    engine = await engineWith(folder.path, SYSTEM);
    const { composition, machine } = await packaging('below');
    await changeDisk(machine, folder.path, [
      file('/opt-below', 'b'.repeat(100_000)),
      { op: 'remove', path: '/lib/f9' },
      file('/lib/f8', 'changed below'),
    ]);
    below = await capture(composition, machine, 'below');
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  const make = (id: string, deltas: StoredLayer[] = []): Promise<Composed> =>
    compose({ id, os: engine.os, deltas, guest: GUEST }, engine.tools);

  const wipe = () => rm(engine.tools.work, { recursive: true });

  async function packaging(id: string, deltas: StoredLayer[] = []) {
    const composition = await make(id, deltas);
    return { composition, machine: await takenOver(folder.path, id, composition.disk) };
  }

  const capture = (composition: Composed, disk: DiskFile, name: string) =>
    captureDelta(
      {
        composition,
        layer: identity('app', name),
        machine: handedOut(disk),
        os: engine.os,
        requires: [below].filter((one) => one !== undefined),
      },
      engine.tools,
    );

  it('has the same manifest, the same nonce and the same files', async () => {
    const first = await make('c-again', [below]);
    const before = [await readFile(join(dirname(first.disk.path), 'compose.json'), 'utf8')];
    before.push(await wholeTree(first.disk));
    await wipe();
    const second = await make('c-again', [below]);
    const after = [await readFile(join(dirname(second.disk.path), 'compose.json'), 'utf8')];
    after.push(await wholeTree(second.disk));
    expect(after).toEqual(before);
    expect(second.manifest.nonce).toBe(engine.tools.store.nonceOf('c-again'));
  });

  it.each(['disk.qcow2', 'base.raw'])('is made again when only its %s is gone', async (name) => {
    const { disk } = await make('c-torn');
    const before = await wholeTree(disk);
    await rm(join(dirname(disk.path), name));
    const again = await make('c-torn');
    expect(await wholeTree(again.disk)).toBe(before);
  });

  it('names the file below it without a folder, and shares it with the cache', async () => {
    const { disk, manifest } = await make('c-linked');
    const base = join(dirname(disk.path), 'base.raw');
    const cached = join(engine.tools.work, 'base', `${manifest.os.slice(7)}.raw`);
    expect((await stat(base)).ino).toBe((await stat(cached)).ino);
    expect((await readFile(disk.path)).subarray(0, 2 ** 16).includes(engine.tools.work)).toBe(
      false,
    );
    expect(readChain(disk, [dirname(disk.path)]).files.map(({ path }) => path)).toEqual([
      disk.path,
      base,
    ]);
  });

  it('gives the same layer, whether blocks or contents are compared', async () => {
    const { composition, machine } = await packaging('c-kept', [below]);
    await changeDisk(machine, folder.path, [
      file('/lib/f7', 'changed'),
      { op: 'remove', path: '/lib/f8' },
      { op: 'link', path: '/lib/f1-third', to: '/lib/f1' },
      file('/usr/bin/app', 'a'.repeat(1_500_000)),
    ]);
    const { files } = readChain(machine);
    expect(filesAbove(files, composition.disk.path)).toBe(1);
    const kept = await capture(composition, machine, 'kept');
    await wipe();
    const again = await make('c-kept', [below]);
    expect(filesAbove(files, again.disk.path)).toBeUndefined();
    const compared = await capture(again, machine, 'compared');
    expect(compared.content).toBe(kept.content);
  });

  it('gives the same version of an operating system', async () => {
    const { composition, machine } = await packaging('c-os');
    await changeDisk(machine, folder.path, [file('/etc/new', 'new version')]);
    const scrubbed = (made: Composed, version: string) =>
      captureOs(
        {
          composition: made,
          layer: identity('os', 'next', version),
          machine: handedOut(machine),
          os: engine.os,
          requires: [],
        },
        engine.tools,
      );
    const kept = await scrubbed(composition, '1');
    await wipe();
    const compared = await scrubbed(await make('c-os'), '2');
    expect(compared.content).toBe(kept.content);
  });

  it('copies the disk below where it cannot be linked', async () => {
    // Another file system than the temporary folder, wherever that is.
    const elsewhere = await mkdtemp('/dev/shm/lam-');
    try {
      const from = join(elsewhere, 'disk.raw');
      await writeFile(from, 'bytes', { mode: 0o444 });
      const to = join(folder.path, 'copied.raw');
      await linkBase(from, to, engine.tools);
      expect(await readFile(to, 'utf8')).toBe('bytes');
      expect((await stat(to)).mode & 0o777).toBe(0o444);
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  it('tells a file by what it is, not by its name', async () => {
    const { disk } = await make('c-first');
    const other = join(folder.path, 'other-name');
    await link(disk.path, other);
    expect(filesAbove([{ path: other, format: 'qcow2' }], disk.path)).toBe(0);
    expect(filesAbove([{ path: other, format: 'qcow2' }], join(folder.path, 'none'))).toBe(
      undefined,
    );
  });
});
