import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../src/host/run.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { runAfresh } from '../../support/job-end.ts';
import { JobPlace, type JobInstallation } from '../../support/job-place.ts';
import { writeQcow2 } from '../../support/qcow2.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import { secondRunner } from '../../support/second-runner.ts';
import { identity } from '../../support/volume/engine.ts';

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

describe('an import', () => {
  it.each([
    { why: 'a path that climbs', more: { file: '../os.raw' }, code: 'ImportOutside' },
    { why: 'a link that leads out', more: { file: 'link' }, code: 'ImportOutside' },
    { why: 'the root itself', more: { file: '.' }, code: 'ImportOutside' },
    { why: 'a folder', more: { file: 'folder' }, code: 'ImportMissing' },
    { why: 'a missing file', more: { file: 'none' }, code: 'ImportMissing' },
    { why: 'another digest', more: { sha256: '0'.repeat(64) }, code: 'ImportDiffers' },
    { why: 'another format', more: { format: 'raw' }, code: 'DiskRefused' },
    {
      why: 'a disk that leans on a file of this host',
      more: { file: 'thief.qcow2' },
      code: 'DiskRefused',
    },
    { why: 'a disk that grows without end', more: { file: 'bomb.qcow2' }, code: 'DiskRefused' },
    { why: 'a disk that is cut off', more: { file: 'cut.qcow2' }, code: 'DiskRefused' },
    {
      why: 'a file of terabytes, nearly all of it a hole',
      more: { file: 'long.raw', format: 'raw', sha256: '0'.repeat(64) },
      code: 'ImportTooLarge',
    },
    {
      why: 'a disk without a system',
      more: { file: 'empty.raw', format: 'raw' },
      code: 'NoLinuxRoot',
    },
  ] as const)('refuses $why', async ({ more, code }) => {
    const { importRoot, importJob } = place;
    await mkdir(join(importRoot, 'folder'), { recursive: true });
    await symlink('/etc/hostname', join(importRoot, 'link')).catch(() => undefined);
    await writeFile(join(importRoot, 'empty.raw'), Buffer.alloc(2 ** 20));
    const thief = join(importRoot, 'thief.qcow2');
    const create = 'create -q -f qcow2 -b /etc/passwd -F raw'.split(' ');
    await run('qemu-img', [...create, thief, '1M']);
    writeQcow2(join(importRoot, 'bomb.qcow2'), { sizeBytes: 2 ** 31 });
    const good = await readFile(join(importRoot, place.importJob.file));
    await writeFile(join(importRoot, 'cut.qcow2'), good.subarray(0, good.length / 2));
    await run('truncate', ['-s', '3T', join(importRoot, 'long.raw')]);
    const path =
      'file' in more &&
      !['long.raw', '.', 'folder', 'none', 'link', '../os.raw'].includes(more.file)
        ? more.file
        : '';
    const bytes = path === '' ? undefined : await readFile(join(importRoot, path));
    const sha256 =
      bytes === undefined ? importJob.sha256 : createHash('sha256').update(bytes).digest('hex');
    const layer = identity('os', 'hostile');
    expect(await one.failure({ ...importJob, sha256, ...more, layer })).toBe(code);
    // Whatever was in the making is gone.
    expect(await readdir(join(one.work, 'import')).catch(() => [])).toEqual([]);
  });

  it('is refused, with the way out, where no folder was allowed', async () => {
    const { importRoot, ...closed } = place.shared();
    const runner = secondRunner(closed, join(place.folder, 'work-closed'));
    const layer = identity('os', 'closed');
    try {
      expect(importRoot).toBeDefined();
      expect(await runAfresh(runner, { ...place.importJob, layer })).toMatchObject({
        consequence: 'Impossible',
        code: 'ImportRefused',
        message: expect.stringContaining('start the controller with --import-root'),
      });
    } finally {
      await runner.close();
    }
  });
});
