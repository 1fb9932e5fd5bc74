import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { run } from '../../../../src/host/run.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../../support/runner.ts';
import { NO_MOUNTS } from '../../../support/volume/disk.ts';
import { engineWith, imaged, installed } from '../../../support/volume/engine.ts';

const SYSTEM = `
mkdir -p etc/rc2.d usr/bin var/lib opt; echo root:x:0:0::/root:/bin/sh > etc/passwd
truncate -s 40G opt/touched; printf old | dd of=opt/touched bs=1M seek=20000 conv=notrunc status=none
truncate -s 40G opt/grown; truncate -s 40G opt/same; ln opt/same opt/same2`;

/** Files of terabytes on a disk of 48 MiB: the kernel and GNU tools make the holes. */
const INSTALL = `
truncate -s 3T opt/huge; printf begin | dd of=opt/huge conv=notrunc status=none
printf middle | dd of=opt/huge bs=1M seek=1500000 conv=notrunc status=none
truncate -s 40G opt/ends; printf last >> opt/ends
truncate -s 40G opt/void
fallocate -l 8M opt/reserved; printf x | dd of=opt/reserved bs=1M seek=4 conv=notrunc status=none
truncate -s 1M opt/small; for i in 0 3 9 40 41 99 200; do printf $i | dd of=opt/small bs=4k seek=$i conv=notrunc status=none; done
truncate -s 41G "opt/ünï code and a name that is longer than what the plain header of an archive has room for, so that it needs more"
touch -d @1700000000 opt/touched; printf grown | dd of=opt/grown bs=1M seek=30000 conv=notrunc status=none
touch -d @1600000000 opt/same`;

/** What the kernel says of each file: size, and every page that is not all zeros. */
const SHOW = `
import hashlib, json, os, sys
out = {}
for name in sorted(os.listdir('opt')):
    f = os.open('opt/' + name, os.O_RDONLY); end = os.fstat(f).st_size; pages = {}; at = 0
    while at < end:
        try: at = os.lseek(f, at, os.SEEK_DATA)
        except OSError: break
        stop = os.lseek(f, at, os.SEEK_HOLE)
        at -= at % 4096
        while at < stop:
            page = os.pread(f, 4096, at)
            if page.strip(b'\\0'): pages[at] = hashlib.sha256(page.ljust(4096, b'\\0')).hexdigest()
            at += 4096
    out[name] = [end, pages]
print(json.dumps(out))`;

async function show(root: string): Promise<unknown> {
  return JSON.parse((await run('python3', ['-c', SHOW], { cwd: root })).stdout);
}

async function bytesOf(folder: string): Promise<number> {
  return Number((await run('du', ['-sk', folder])).stdout.split('\t')[0]) * 1024;
}

(NO_MOUNTS === undefined ? describe : describe.skip)('files with holes', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let engine: Awaited<ReturnType<typeof engineWith>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
    engine = await engineWith(folder.path, SYSTEM);
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  it('go from a machine to a layer to an image as they are, and take no room', async () => {
    const scene = { engine, folder: folder.path };
    const { seen, layer } = await installed(scene, INSTALL, show);
    expect(layer.sizeBytes).toBeLessThan(2 ** 20);

    // Judges that know nothing of us: GNU tar and Python take the layer apart.
    const tar = join(folder.path, 'layer.tar');
    await pipeline(Readable.from(engine.tools.store.openDelta(layer)), createWriteStream(tar));
    for (const [name, command] of [
      ['gnu', 'tar --no-same-owner -xf ../layer.tar'],
      ['python', 'python3 -m tarfile -e ../layer.tar .'],
    ] as const) {
      const root = join(folder.path, name);
      await run('sh', ['-euc', `mkdir ${root}; cd ${root}; ${command}`]);
      expect([name, await show(root)]).toEqual([name, seen]);
      expect(await bytesOf(root)).toBeLessThan(12 * 2 ** 20);
    }

    expect(await imaged(scene, layer, show)).toEqual(seen);
    expect(await bytesOf(join(folder.path, 'work'))).toBeLessThan(32 * 2 ** 20);
  });
});
