import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isFile } from '../../../src/host/files.ts';
import { compositionId } from '../../../src/jobs/spec.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { folderDisk } from '../../support/folder-platform.ts';
import { JobPlace } from '../../support/job-place.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { onVolume, treeDigest } from '../../support/volume/change.ts';
import { identity } from '../../support/volume/engine.ts';

const isOurs = (path: string) => path.startsWith('/var/lib/lamina');

describe('the real process of a job', () => {
  it('goes from a file to a published image on this host, though its work folder is wiped', async () => {
    await using made = new AsyncDisposableStack();
    const folder = made.use(await temporaryFolder());
    const place = await JobPlace.create(folder.path, made);
    const local = made.adopt(await place.localInstallation(''), ({ runner }) => runner.close());
    const os = await local.os();
    const connector = await local.connector();
    const recipe = local.recipe(os);
    await local.done({ kind: 'upload', key: 'package', recipe, connector });
    await rm(local.work, { recursive: true });

    await local.install('package', recipe);
    const { found, attestation = '' } = await local.inspected('package', recipe);
    expect(found).toEqual({ verdict: 'clean' });
    const layer = identity('app', 'package');
    const job = { kind: 'capture', key: 'package', recipe, connector, attestation, layer } as const;
    await local.done(job);
    const image = local.recipe(os, [await local.layer(layer)], 'image');
    await local.done({ kind: 'upload', key: 'image', recipe: image, connector });
    await local.install('image', image);
    const looked = await local.inspected('image', image);
    const copy = { kind: 'copy', key: 'image', recipe: image, revision: 'r1', connector } as const;
    const published = join(local.machines, 'image', 'snapshots', 'r1.qcow2');
    expect(await local.failure({ ...copy, attestation: 'of another boot' })).toBe('Superseded');
    expect(await isFile(published)).toBe(false);
    await local.done({ ...copy, attestation: looked.attestation ?? '' });

    const trees = [
      folderDisk(local.machines, 'package'),
      { path: published, format: 'qcow2' },
    ] as const;
    const [packaged, copied] = await Promise.all(
      trees.map((disk) => onVolume(disk, (volume) => treeDigest(volume, isOurs))),
    );
    expect(copied).toBe(packaged);
    expect(await readdir(join(local.work, 'composed'))).toEqual(
      expect.arrayContaining([recipe, image].map(compositionId)),
    );
  });
});
