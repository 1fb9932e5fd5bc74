import { join } from 'node:path';
import { captureDelta } from '../../../../src/engine/capture/capture-delta.ts';
import { captureOs } from '../../../../src/engine/capture/scrub.ts';
import { compose } from '../../../../src/engine/compose/compose.ts';
import { readDelta } from '../../../../src/engine/delta/read.ts';
import { run } from '../../../../src/host/run.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../../support/runner.ts';
import { fsck, mounted, NO_MOUNTS, snapshot } from '../../../support/volume/disk.ts';
import {
  engineWith,
  handedOut,
  identity,
  IMAGE,
  imaged,
  installed,
  machineDisk,
  PERSON,
} from '../../../support/volume/engine.ts';

/** A small system with one of everything; made by the shell, not by us. */
const SYSTEM = `
mkdir -p etc/rc2.d usr/bin var/lib/dpkg opt/app/old lib
echo root:x:0:0::/root:/bin/sh > etc/passwd; printf 'Package: base\\nStatus: install ok installed\\n' > var/lib/dpkg/status
head -c 300000 /dev/urandom > usr/bin/big; ln usr/bin/big usr/bin/big2; ln -s big usr/bin/link
echo old > opt/app/old/file; echo conf > etc/app.conf; mkdir tmp; chmod 1777 tmp
for i in $(seq 60); do echo $i > lib/f$i; done
touch -d @1000000000 lib/* opt/app/old/file`;

/** What an installation does: every kind of change that a layer can hold. */
const INSTALL = `
echo new > opt/app/new; mv opt/app/old opt/app/renamed; rm lib/f7; echo changed >> lib/f8
chmod 4755 lib/f9; chown 12:34 lib/f10; touch -d '2001-02-03 04:05:06.789' lib/f11
ln lib/f12 lib/f12-link; ln -sf nowhere usr/bin/link; rm usr/bin/big2
mkfifo opt/pipe; mknod opt/zero c 1 5; mknod opt/disk b 8 1; mkdir -p opt/deep/er/est; head -c 5000000 /dev/urandom > opt/deep/er/est/blob
python3 -c "
import os
os.setxattr('lib/f13', 'user.note', bytes([0, 255, 10, 61]))
os.setxattr('lib/f14', 'security.capability', bytes.fromhex('0100000200040000000000000000000000000000'))
os.setxattr('lib/f15', 'system.posix_acl_access', bytes.fromhex('0200000001000600ffffffff020006002a00000004000400ffffffff10000600ffffffff20000400ffffffff'))
os.setxattr('opt/deep', 'system.posix_acl_default', bytes.fromhex('0200000001000700ffffffff020005002a00000004000500ffffffff10000500ffffffff20000000ffffffff'))"
touch 'opt/space and ünï' "opt/$(head -c 200 /dev/zero | tr '\\0' n)"
rm etc/app.conf; mkdir etc/app.conf; echo in > etc/app.conf/inside; rm -r var/lib/lamina/state 2>/dev/null || true
echo secret > tmp/leftover; dd if=/dev/zero of=swapfile bs=4k count=4 2>/dev/null; echo log > var/lib/lamina/log`;

const without = (tree: Record<string, unknown>, ...prefixes: string[]) =>
  Object.fromEntries(
    Object.entries(tree).filter(([path]) => !prefixes.some((prefix) => path.startsWith(prefix))),
  );

const OURS = ['/var/lib/lamina', '/etc/rc2.d/S99lamina'];

(NO_MOUNTS === undefined ? describe : describe.skip)('layers on a real disk', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let engine: Awaited<ReturnType<typeof engineWith>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
    engine = await engineWith(folder.path, SYSTEM);
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  it('goes from an installation to a layer to an image without losing anything', async () => {
    const scene = { engine, folder: folder.path };
    const { seen, layer } = await installed(scene, INSTALL, snapshot);
    const shown = await imaged(scene, layer, snapshot);
    const left = [...OURS, '/tmp/', '/swapfile'];
    expect(without(shown, ...left)).toEqual(without(seen, ...left));
    expect(Object.keys(shown)).not.toContain('/tmp/leftover');
    expect(Object.keys(shown)).not.toContain('/swapfile');
    expect(Object.keys(shown)).not.toContain('/var/lib/lamina/log');

    const captured: string[] = [];
    for await (const { change } of readDelta(engine.tools.store.openDelta(layer)))
      captured.push(change.path);
    expect(captured.filter((path) => path.startsWith('/lib/')).sort()).toEqual(
      ['f10', 'f11', 'f12', 'f12-link', 'f13', 'f14', 'f15', 'f7', 'f8', 'f9'].map(
        (n) => `/lib/${n}`,
      ),
    );
  });

  it('captures the same layer from a disk that came back as a copy', async () => {
    const { tools, os } = engine;
    const copy = join(folder.path, 'copy.raw');
    await run('qemu-img', [
      'convert',
      '-f',
      'qcow2',
      '-O',
      'raw',
      join(folder.path, 'pkg.qcow2'),
      copy,
    ]);
    const one = await tools.store.find('lamina/test/app/app', '1-00000000');
    const two = await captureDelta(
      {
        composition: await compose({ id: 'pkg', os, deltas: [], guest: PERSON }, tools),
        layer: identity('app', 'again'),
        machine: handedOut({ path: copy, format: 'raw' }),
        os,
        requires: [],
      },
      tools,
    );
    expect(two.content).toBe(one?.content);
  });

  it('gives the OS back as it was when its tool is scrubbed', async () => {
    const { tools, os, disk } = engine;
    const composition = await compose({ id: 'new-os', os, deltas: [], guest: PERSON }, tools);
    const machine = await machineDisk(folder.path, 'm2', composition.disk);
    await mounted(machine, folder.path, async (root) => {
      await run('sh', ['-euc', 'echo hello > var/lib/lamina/log; mkdir -p var/lib/lamina/state'], {
        cwd: root,
      });
    });
    const version = await captureOs(
      {
        composition,
        layer: identity('os', 'tiny', '2'),
        machine: handedOut(machine),
        os,
        requires: [],
      },
      tools,
    );
    const path = join(folder.path, 'scrubbed.raw');
    await tools.store.materialize(version, path);
    await run('cp', ['--sparse=always', path, `${path}.rw`]);
    const scrubbed = { path: `${path}.rw`, format: 'raw' } as const;
    await fsck(scrubbed, folder.path);
    await run('cp', ['--sparse=always', disk.path, `${disk.path}.rw`]);
    const before = await mounted({ path: `${disk.path}.rw`, format: 'raw' }, folder.path, snapshot);
    expect(await mounted(scrubbed, folder.path, snapshot)).toEqual(before);
    expect(version.sizeBytes).toBeLessThan(os.sizeBytes * 1.2);
  });

  it('lists shared files that two layers bring, and lets the last one win', async () => {
    const { tools, os } = engine;
    const layers = [];
    const composition = await compose({ id: 'pkg', os, deltas: [], guest: PERSON }, tools);
    for (const name of ['one', 'two']) {
      const machine = await machineDisk(folder.path, name, composition.disk);
      await mounted(machine, folder.path, async (root) => {
        const script = `echo ${name}:x:1:1::/: >> etc/passwd; echo ${name} > opt/${name}`;
        await run('sh', ['-euc', script], { cwd: root });
      });
      layers.push(
        await captureDelta(
          {
            composition,
            layer: identity('app', name),
            machine: handedOut(machine),
            os,
            requires: [],
          },
          tools,
        ),
      );
    }
    const made = await compose({ id: 'both', os, deltas: layers, guest: IMAGE }, tools);
    expect(made.manifest.conflicts).toEqual([{ path: '/etc/passwd', layers: [1, 0] }]);
    const copy = await machineDisk(folder.path, 'both', made.disk);
    const script = 'tail -n 1 etc/passwd; cat opt/one opt/two var/lib/lamina/layers; ls etc/rc2.d';
    const { stdout } = await mounted(copy, folder.path, (root) =>
      run('sh', ['-euc', script], { cwd: root }),
    );
    expect(stdout).toBe('two:x:1:1::/:\none\ntwo\napp\nS99lamina\n');
  });

  it('finds a composition instead of making it again', async () => {
    const { tools, os } = engine;
    const again = { ...tools, run: () => Promise.reject(new Error('no program is needed')) };
    const wanted = { id: 'pkg', os, deltas: [], guest: PERSON };
    const { manifest: first } = await compose(wanted, again);
    expect(first.nonce).toBe(tools.store.nonceOf('pkg'));
    expect(first.injected.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/var/lib/lamina', '/var/lib/lamina/run', '/etc/rc2.d/S99lamina']),
    );
  });
});
