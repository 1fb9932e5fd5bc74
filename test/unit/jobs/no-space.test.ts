import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobSpec } from '../../../src/jobs/spec.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { runAfresh } from '../../support/job-end.ts';
import { JobPlace, type JobInstallation } from '../../support/job-place.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import { SmallDisk, whyNoSmallDisk } from '../../support/small-disk.ts';
import { onVolume, treeDigest } from '../../support/volume/change.ts';

const reason = await whyNoSmallDisk();
const title = reason === undefined ? 'jobs on a full disk' : `skipped: ${reason}`;

(reason === undefined ? describe : describe.skip)(title, () => {
  let made: AsyncDisposableStack;
  let place: JobPlace;
  let good: JobInstallation;
  beforeAll(async () => {
    made = new AsyncDisposableStack();
    const folder = made.use(await temporaryFolder());
    place = await JobPlace.create(folder.path, made);
    good = made.adopt(await place.installation(), ({ runner }) => runner.close());
    const os = await good.os();
    await good.done({ kind: 'compose', key: 'good', recipe: good.recipe(os) });
  });
  afterAll(() => made.disposeAsync());

  /** Runs a job on ever larger disks; returns how it failed for want of room. */
  async function grow(
    at: JobInstallation,
    { disk, spec }: { readonly disk: SmallDisk; readonly spec: JobSpec },
    step: (size: number) => { kibibytes: number; files?: number },
  ): Promise<readonly string[]> {
    const failures: string[] = [];
    for (let size = 1; size < 60; size += 1) {
      // One that is smaller than what lies there already is refused.
      if (!(await disk.resize(step(size)))) continue;
      const failure = await runAfresh(at.runner, spec);
      if (failure === undefined) return failures;
      expect({ size, ...failure }).toMatchObject({ consequence: 'Denied', code: 'NoRoom' });
      expect(failure.message).toMatch(/not enough room on the file system of .*: .* are free/);
      failures.push(failure.message);
    }
    throw new Error('it never ended well');
  }

  it.each([
    {
      why: 'bytes',
      suffix: '-b',
      step: (n: number) => ({ kibibytes: n * 1400 }),
      enough: { kibibytes: 90_000 },
      fine: (n: number, used: number) => ({ kibibytes: used + n * 300 }),
      // debugfs does not tell: the room that it left does.
      meets: 'a program used it up',
    },
    {
      why: 'files',
      suffix: '-f',
      step: (n: number) => ({ kibibytes: 90_000, files: 2 * n + 1 }),
      enough: { kibibytes: 90_000, files: 1000 },
      fine: (n: number) => ({ kibibytes: 90_000, files: 2 * n + 1 }),
      meets: 'no space left on device, open',
    },
  ])('import and compose once the work folder has enough $why', async (row) => {
    const { suffix, step, enough, fine, meets } = row;
    await using disk = await SmallDisk.mount(join(place.folder, `work${suffix}`), step(1));
    const at = await place.installation(suffix);
    try {
      expect(await grow(at, { disk, spec: place.importJob }, step)).not.toHaveLength(0);
      const os = await at.layer(place.importJob.layer);
      expect(os.content).toBe((await good.os()).content);
      // The OS disk is asked for by whole chunks, before any of it is written: it lies there already.
      await disk.resize(enough);
      await at.done({ kind: 'compose', key: 'other', recipe: at.recipe(os, [], 'other') });
      await rm(join(at.work, 'composed'), { recursive: true });
      const used = await disk.usedKibibytes();
      const recipe = at.recipe(os);
      const spec: JobSpec = { kind: 'compose', key: 'good', recipe };
      const failures = await grow(at, { disk, spec }, (n) => fine(n, used));
      expect(failures.filter((message) => message.includes(meets))).not.toHaveLength(0);
      const tree = (one: JobInstallation) =>
        onVolume(one.composed(recipe), (volume) =>
          treeDigest(volume, (path) => path === '/var/lib/lamina/nonce'),
        );
      expect(await tree(at)).toBe(await tree(good));
      expect(await readdir(join(at.work, 'import'))).toEqual([]);
    } finally {
      await at.runner.close();
    }
  });

  it('upload and publish once the machines folder has enough of it', async () => {
    const machines = join(place.folder, 'machines-m');
    const step = (n: number) => ({ kibibytes: 16 + n * 700 });
    await using disk = await SmallDisk.mount(machines, step(1));
    const at = await place.localInstallation('-m');
    try {
      const recipe = at.recipe(await at.os());
      const connector = await at.connector();
      const upload: JobSpec = { kind: 'upload', key: 'good', recipe, connector };
      expect(await grow(at, { disk, spec: upload }, step)).not.toHaveLength(0);
      const copy: JobSpec = { kind: 'copy', key: 'good', revision: 'r1', recipe, connector };
      expect(await grow(at, { disk, spec: copy }, step)).not.toHaveLength(0);
      const left = await readdir(machines, { recursive: true });
      expect(left.filter((name) => /partial|attempt/.test(name))).toEqual([]);
      expect(left).toContain('good/snapshots/r1.qcow2');
    } finally {
      await at.runner.close();
    }
  });
});
