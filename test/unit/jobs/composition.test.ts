import {
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { holdAlone } from '../../../src/host/lock.ts';
import { run } from '../../../src/host/run.ts';
import { compositionId, type Recipe } from '../../../src/jobs/spec.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { folderDisk } from '../../support/folder-platform.ts';
import { JobPlace, type JobInstallation } from '../../support/job-place.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import { identity } from '../../support/volume/engine.ts';

let made: AsyncDisposableStack;
let one: JobInstallation;
beforeAll(async () => {
  made = new AsyncDisposableStack();
  const folder = made.use(await temporaryFolder());
  const place = await JobPlace.create(folder.path, made);
  one = made.adopt(await place.installation(), ({ runner }) => runner.close());
});
afterAll(() => made.disposeAsync());

const at = (...names: string[]) => join(one.work, 'composed', ...names);

async function composed(title: string): Promise<Recipe> {
  const recipe = one.recipe(await one.os(), [], title);
  await one.done({ kind: 'compose', key: 'any', recipe });
  return recipe;
}

describe('a composition as evidence and as a cache', () => {
  it('is recorded again when only its record is gone', async () => {
    const recipe = await composed('recorded');
    const id = compositionId(recipe);
    const before = await stat(at(id, 'compose.json'));
    const record = await one.store.evidence.composed(id);
    await one.store.evidence.forgetComposed(id);
    await one.done({ kind: 'compose', key: 'any', recipe });
    expect(await one.store.evidence.composed(id)).toEqual(record);
    expect((await stat(at(id, 'compose.json'))).ino).toBe(before.ino);
  });

  it('leaves the work folder when it is forgotten, and nothing else does', async () => {
    const kept = compositionId(await composed('kept'));
    const gone = compositionId(await composed('gone'));
    const busy = compositionId(await composed('busy'));
    await mkdir(at('lamina-old-key'));
    await writeFile(at('lamina-old-key', 'compose.json'), '{"format":1}');
    for (const id of [gone, busy]) await one.store.evidence.forgetComposed(id);
    // What a job leaves that was killed and never begun again.
    const names = [join('download', 'lamina-gone'), join('import', 'gone'), join('scrub', 'gone')];
    const left = names.map((name) => join(one.work, name));
    for (const path of left) await mkdir(path, { recursive: true });
    const letGo = holdAlone(join(one.work, 'locks', `${busy}.db`), 'the test');
    try {
      await composed('another');
    } finally {
      letGo();
    }
    const found = await readdir(at());
    expect(found).toEqual(expect.arrayContaining([kept, busy, 'lamina-old-key']));
    expect(found).not.toContain(gone);
    for (const path of left) await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await composed('another');
    expect(await readdir(at())).not.toContain(busy);
  });

  it.each(['disk.qcow2', 'base.raw', 'compose.json'])(
    'is made again when its %s is torn',
    async (name) => {
      const recipe = await composed(`torn ${name}`);
      const id = compositionId(recipe);
      const whole = await stat(at(id, name));
      await chmod(at(id, name), 0o644);
      await truncate(at(id, name), name === 'base.raw' ? whole.size - 2 ** 20 : 100);
      await one.done({ kind: 'compose', key: 'any', recipe });
      expect((await stat(at(id, name))).size).toBe(whole.size);
    },
  );

  it('is waited for by whoever needs it, and made once', async () => {
    const os = await one.os();
    const recipe = one.recipe(os, [], 'waited for');
    const connector = await one.connector();
    const uploads = ['first', 'second'].map(
      (key) => ({ kind: 'upload', key, recipe, connector }) as const,
    );
    await Promise.all(uploads.map((spec) => one.done(spec)));
    const inodes = await Promise.all(
      uploads.map(({ key }) => stat(join(one.machines, key, 'base', 'disk.qcow2'))),
    );
    expect(inodes[0]?.ino).toBe(inodes[1]?.ino);
    expect(inodes[0]?.ino).toBe((await stat(one.composed(recipe).path)).ino);
  });
});

/** Leaves a machine as the release before did: its composition named by key, its paths absolute, its nonce random. */
async function oldMachine(key: string, recipe: Recipe, nonce: string): Promise<void> {
  const { path } = one.composed(recipe);
  const manifest = JSON.parse(
    await readFile(join(dirname(path), 'compose.json'), 'utf8'),
  ) as object;
  const { os } = manifest as { os: string };
  const base = join(one.work, 'base', `${os.slice('sha256:'.length)}.raw`);
  await rename(dirname(path), at(key));
  await rm(at(key, 'base.raw'));
  const disk = at(key, 'disk.qcow2');
  await chmod(disk, 0o644);
  await run('qemu-img', [...'rebase -u -f qcow2 -F raw -b'.split(' '), base, disk]);
  await chmod(disk, 0o444);
  await writeFile(at(key, 'compose.json'), JSON.stringify({ ...manifest, key, nonce }));
  const machine = folderDisk(one.machines, key).path;
  await mkdir(dirname(machine), { recursive: true });
  await run('qemu-img', [...'create -q -f qcow2 -F qcow2 -b'.split(' '), disk, machine]);
}

describe('a machine of an older release', () => {
  it.each([
    { why: 'with nothing else', key: 'lamina-old', again: false },
    { why: 'beside the same composition, made by this release', key: 'lamina-older', again: true },
  ])('is inspected and captured $why', async ({ key, again }) => {
    const recipe = await composed(key);
    await one.store.evidence.forgetComposed(compositionId(recipe));
    await oldMachine(key, recipe, 'a-random-nonce');
    if (again) await one.done({ kind: 'compose', key, recipe });
    await one.install(key, recipe, 'a-random-nonce');
    const { found, attestation = '' } = await one.inspected(key, recipe);
    expect(found).toEqual({ verdict: 'clean' });
    const connector = await one.connector();
    const layer = identity('app', key);
    await one.done({ kind: 'capture', key, recipe, connector, attestation, layer });
    expect(await one.layer(layer)).toMatchObject({ repository: layer.repository });
    expect(await readdir(at(key))).toContain('compose.json');
  });
});
