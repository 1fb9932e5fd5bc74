import { join } from 'node:path';
import { mkdir, readFile } from 'node:fs/promises';
import { run } from '../../../src/host/run.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { startRegistry } from '../../support/registry.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { CHUNK_BYTES } from '../../../src/store/names.ts';
import { layerNamed, memoryDisk, noise, storeIn } from './fixtures.ts';

describe('a layer in a real registry', () => {
  it('goes there and comes back with the same digests and the same bytes', async () => {
    await using folder = await temporaryFolder();
    await using registry = await startRegistry(folder.path);
    const bytes = noise(7, 3 * CHUNK_BYTES);
    const here = await storeIn(folder.path);
    const stored = await here.putDisk({ disk: memoryDisk(bytes), layer: layerNamed('1') });

    const local = (root: string) => `oci:${root}:${stored.repository}:${stored.tag}`;
    const remote = `docker://${registry.address}/${stored.repository}:${stored.tag}`;
    const copy = (...args: readonly string[]) => run('skopeo', ['copy', '-q', ...args]);
    await copy('--dest-tls-verify=false', local(join(folder.path, 'store')), remote);
    const there = join(folder.path, 'elsewhere');
    await mkdir(there);
    const elsewhere = await storeIn(there);
    await copy('--src-tls-verify=false', remote, local(join(there, 'store')));

    const found = await elsewhere.find(stored.repository, stored.tag);
    expect(found).toMatchObject({ manifest: stored.manifest, content: stored.content });
    const back = join(folder.path, 'back.raw');
    await elsewhere.materialize(stored, back);
    expect((await readFile(back)).equals(bytes)).toBe(true);
  });
});
