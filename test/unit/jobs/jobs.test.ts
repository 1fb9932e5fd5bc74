import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../../src/core/digest.ts';
import {
  compositionId,
  type CaptureJob,
  type CopyJob,
  type JobSpec,
  type Recipe,
} from '../../../src/jobs/spec.ts';
import type { Random } from '../../../src/core/clock.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { folderCopy, folderDisk } from '../../support/folder-platform.ts';
import { JobPlace, MEDIA, type JobInstallation } from '../../support/job-place.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import { bytesIn, changeDisk, file, onVolume, treeDigest } from '../../support/volume/change.ts';
import { identity } from '../../support/volume/engine.ts';
import { seeded } from '../../support/random.ts';
import type { DiskFile } from '../../../src/images/source.ts';

const isOurs = (path: string) => path.startsWith('/var/lib/lamina');
const treeOf = (disk: DiskFile) => onVolume(disk, (volume) => treeDigest(volume, isOurs));

let made: AsyncDisposableStack;
let place: JobPlace;
let one: JobInstallation;
beforeAll(async () => {
  made = new AsyncDisposableStack();
  const folder = made.use(await temporaryFolder());
  place = await JobPlace.create(folder.path, made);
  one = made.adopt(await place.installation(), ({ runner }) => runner.close());
});
afterAll(() => made.disposeAsync());

async function upload(key: string, recipe: Recipe, at = one): Promise<JobSpec> {
  return { kind: 'upload', key, recipe, connector: await at.connector() };
}

async function capture(
  key: string,
  recipe: Recipe,
  at = one,
  attestation = '',
): Promise<CaptureJob> {
  const layer = identity('app', key);
  return { kind: 'capture', key, recipe, connector: await at.connector(), attestation, layer };
}

async function copy(key: string, recipe: Recipe, attestation?: string): Promise<CopyJob> {
  const connector = await one.connector();
  const looked = attestation === undefined ? {} : { attestation };
  return { kind: 'copy', key, recipe, connector, revision: 'r1', ...looked };
}

/** A machine on which everything was installed. */
async function machine(key: string, at = one): Promise<Recipe> {
  const recipe = at.recipe(await at.os(), [], key);
  await at.done(await upload(key, recipe, at));
  await at.install(key, recipe);
  return recipe;
}

describe('jobs in processes of their own', () => {
  it('go from an imported file to a published image, and leave evidence of each step', async () => {
    const recipe = one.recipe(await one.os());
    const id = compositionId(recipe);
    await one.done({ kind: 'compose', key: 'good', recipe });
    const record = await one.store.evidence.composed(id);
    expect(record).toEqual({ id, sizeBytes: 48 * 2 ** 20 });
    expect(
      await onVolume(one.composed(recipe), (volume) => {
        const text = (path: string) => bytesIn(volume, volume.lookup(path) ?? 0).toString();
        return ['steps/1/script', 'steps/1/reboot', 'steps/1/timeout', 'media/setup.bin', 'nonce']
          .map((name) => `/var/lib/lamina/${name}`)
          .map(text);
      }),
    ).toEqual([
      'sh "$LAMINA_MEDIA/setup.bin"\n',
      '99\n',
      '300\n',
      MEDIA,
      `${one.store.nonceOf(id)}\n`,
    ]);

    await one.done(await upload('good', recipe));
    const fresh = await one.inspected('good', recipe);
    expect(fresh).toMatchObject({ key: 'good', composition: id, boot: '1' });
    expect(fresh.found.verdict).toBe('unattested');
    expect(fresh.attestation).toBeUndefined();

    await one.install('good', recipe);
    const { found, attestation = '' } = await one.inspected('good', recipe);
    expect(found).toEqual({ verdict: 'clean' });
    await one.done(await capture('good', recipe, one, attestation));
    const layer = await one.layer(identity('app', 'good'));

    const image = one.recipe(await one.os(), [layer], 'image');
    await one.done(await upload('image', image));
    await one.done(await copy('image', image));
    const machineTree = await treeOf(folderDisk(one.machines, 'good'));
    expect(await treeOf(folderCopy(one.machines, 'image', 'r1'))).toBe(machineTree);
    expect(await readdir(join(one.work, 'download'))).toEqual([]);
  });

  it('come to the same end when every one is killed at six instants', async () => {
    const random = seeded(11);
    const two = await place.installation('2');
    try {
      await survivesKills(two, random);
    } finally {
      await two.runner.close();
    }
  });

  /** Runs a job that is killed again and again, each time at another instant, then to its end. */
  async function survive(at: JobInstallation, spec: JobSpec, random: Random, normalMs: number) {
    for (let round = 0; round < 6; round += 1) {
      await at.runner.start(spec);
      await new Promise((resolve) => setTimeout(resolve, random() * normalMs));
      await at.runner.cancel(spec.key);
    }
    await at.done(spec);
  }

  async function survivesKills(two: JobInstallation, random: Random) {
    await survive(two, place.importJob, random, 900);
    const os = await two.os();
    expect(os.content).toBe((await one.os()).content);
    const recipe = two.recipe(os);
    await survive(two, { kind: 'compose', key: 'good', recipe }, random, 1500);
    await survive(two, await upload('good', recipe, two), random, 600);
    await two.install('good', recipe);
    const connector = await two.connector();
    await survive(two, { kind: 'inspect', key: 'good', recipe, connector }, random, 600);
    const record = await two.store.evidence.inspection('good');
    expect(record?.found).toEqual({ verdict: 'clean' });
    await survive(two, await capture('good', recipe, two, record?.attestation), random, 900);
    const layer = await two.layer(identity('app', 'good'));
    expect(layer.content).toBe((await one.layer(identity('app', 'good'))).content);

    const image = two.recipe(os, [layer], 'image');
    await survive(two, { kind: 'compose', key: 'image', recipe: image }, random, 1500);
    const machineTree = await treeOf(folderDisk(two.machines, 'good'));
    expect(await treeOf(two.composed(image))).toBe(machineTree);
    expect((await readdir(two.work)).sort()).toEqual(
      ['base', 'composed', 'download', 'import', 'locks', 'media'].sort(),
    );
    for (const name of ['import', 'download']) {
      expect(await readdir(join(two.work, name))).toEqual([]);
    }
    expect((await readdir(join(two.work, 'composed', compositionId(image)))).sort()).toEqual([
      'base.raw',
      'compose.json',
      'disk.qcow2',
    ]);
  }

  it('say which media are wrong before they build anything', async () => {
    const { task, ...rest } = one.recipe(await one.os(), [], 'bad media');
    if (task.role !== 'package') return;
    const media = [{ name: 'setup.bin', url: place.mediaUrl, sha256: '1'.repeat(64) }];
    const recipe = { ...rest, task: { ...task, media } };
    expect(await one.failure({ kind: 'compose', key: 'bad', recipe })).toBe('DownloadDiffers');
    expect(await one.store.evidence.composed(compositionId(recipe))).toBeUndefined();
  });
});

describe('a job on a connector', () => {
  it.each([
    {
      why: 'that is gone',
      ref: { namespace: 'default', name: 'gone' },
      code: 'ConnectorGone',
    },
    {
      why: 'that leads elsewhere by now',
      ref: { location: `sha256:${'0'.repeat(64)}` as const },
      code: 'Superseded',
    },
  ])('ends when it works on one $why', async ({ ref, code }) => {
    const connector = { ...(await one.connector()), ...ref };
    const job = await copy('any', one.recipe(await one.os()));
    expect(await one.failure({ ...job, connector })).toBe(code);
  });

  it('gets the credential of the Secret, and says so when there is none', async () => {
    await place.connect('guarded', { secret: 'lab' });
    const recipe = one.recipe(await one.os());
    const connector = await one.connector('guarded');
    const spec = { kind: 'upload', key: 'guarded', recipe, connector } as const;
    expect(await one.failure(spec)).toBe('SecretMissing');
    await place.secret('lab', { password: 'canary-1234', username: 'me' });
    await one.done(spec);
    // The platform of the tests writes down a digest of what it was given.
    expect(await readFile(join(one.machines, 'guarded', 'credential'), 'utf8')).toBe(
      digestOf({ password: 'canary-1234', username: 'me' }),
    );
    await place.connect('guarded', { region: 'another' });
    expect(await one.failure(spec)).toBe('Superseded');
  });
});

describe('evidence, not memory', () => {
  it('serves a second runner that shares only store, machines and API', async () => {
    const recipe = await machine('shared');
    const two = one.elsewhere();
    try {
      const { found, attestation } = await two.inspected('shared', recipe);
      expect(found).toEqual({ verdict: 'clean' });
      await two.done(await capture('shared', recipe, two, attestation));
    } finally {
      await two.runner.close();
    }
    const layer = await one.layer(identity('app', 'shared'));
    expect(layer.content).toBe((await one.layer(identity('app', 'good'))).content);
  });

  it('outlives the work folder', async () => {
    const recipe = await machine('wiped');
    await rm(one.work, { recursive: true });
    const { found, attestation } = await one.inspected('wiped', recipe);
    expect(found).toEqual({ verdict: 'clean' });
    await rm(one.work, { recursive: true });
    await one.done(await capture('wiped', recipe, one, attestation));
    const layer = await one.layer(identity('app', 'wiped'));
    expect(layer.content).toBe((await one.layer(identity('app', 'good'))).content);
  });

  it('of an earlier look does not count when the disk changed since', async () => {
    const recipe = await machine('edited');
    const before = await one.inspected('edited', recipe);
    const word = { format: 1, nonce: one.nonce(recipe), result: 'clean', more: 'later' };
    await changeDisk(folderDisk(one.machines, 'edited'), place.folder, [
      file('/var/lib/lamina/attestation.json', JSON.stringify(word)),
    ]);
    const job = await capture('edited', recipe, one, before.attestation);
    expect(await one.failure(job)).toBe('Superseded');
    const after = await one.store.evidence.inspection('edited');
    expect(after?.found).toEqual({ verdict: 'clean' });
    expect(after?.attestation).not.toBe(before.attestation);
    expect(await one.store.find(job.layer.repository, job.layer.tag)).toBeUndefined();
    await one.done({ ...job, attestation: after?.attestation ?? '' });
  });

  it('that a machine lost its attestation is recorded as well', async () => {
    const recipe = await machine('unattested');
    const { attestation } = await one.inspected('unattested', recipe);
    await changeDisk(folderDisk(one.machines, 'unattested'), place.folder, [
      { op: 'remove', path: '/var/lib/lamina/attestation.json' },
    ]);
    const job = await capture('unattested', recipe, one, attestation);
    expect(await one.failure(job)).toBe('Superseded');
    const after = await one.store.evidence.inspection('unattested');
    expect(after?.found.verdict).toBe('unattested');
  });

  it.each([
    { why: 'attested again', more: { more: 'later' }, verdict: 'clean' },
    { why: 'not attested any more', more: { nonce: 'of another machine' }, verdict: 'unattested' },
  ])('keeps a disk from being copied that is $why since', async ({ why, more, verdict }) => {
    const key = `copied-${verdict}`;
    const recipe = await machine(key);
    const before = await one.inspected(key, recipe);
    const word = { format: 1, nonce: one.nonce(recipe), result: 'clean', ...more };
    await changeDisk(folderDisk(one.machines, key), place.folder, [
      file('/var/lib/lamina/attestation.json', JSON.stringify(word)),
      file('/usr/file9', why),
    ]);
    const job = { ...(await copy(key, recipe, before.attestation)), boot: '1' };
    expect(await one.failure(job)).toBe('Superseded');
    expect(await readdir(join(one.machines, key))).not.toContain('r1.qcow2');
    const after = await one.store.evidence.inspection(key);
    expect(after).toMatchObject({ boot: '1', found: { verdict } });
    expect(after?.attestation).not.toBe(before.attestation);
    if (verdict !== 'clean') return;
    await one.done({ ...job, attestation: after?.attestation ?? '' });
    const disk = folderDisk(one.machines, key);
    expect(await treeOf(folderCopy(one.machines, key, 'r1'))).toBe(await treeOf(disk));
  });

  it('of a disk that is not there is not made up', async () => {
    const recipe = one.recipe(await one.os());
    const connector = await one.connector();
    expect(await one.failure({ kind: 'inspect', key: 'none', recipe, connector })).toBe('NoDisk');
    expect(await one.store.evidence.inspection('none')).toBeUndefined();
  });
});
