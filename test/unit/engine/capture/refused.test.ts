import { join } from 'node:path';
import { captureDelta } from '../../../../src/engine/capture/capture-delta.ts';
import { compareTrees } from '../../../../src/engine/capture/walk.ts';
import { compose, type Composed } from '../../../../src/engine/compose/compose.ts';
import type { GuestWork } from '../../../../src/engine/compose/guest-task.ts';
import { MOST_NAMES } from '../../../../src/engine/limits.ts';
import { run } from '../../../../src/host/run.ts';
import type { DiskFile } from '../../../../src/images/source.ts';
import { writeExt4 } from '../../../../src/engine/ext4/write-ext4.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../../support/runner.ts';
import { file } from '../../../support/volume/change.ts';
import { makeDisk, mounted, NO_MOUNTS } from '../../../support/volume/disk.ts';
import { MemoryVolume, plain } from '../../../support/volume/memory.ts';
import { engineOn, handedOut, identity, machineDisk } from '../../../support/volume/engine.ts';

const WORK: GuestWork = { role: 'package', title: '', steps: [], media: [], unattended: true };
const MIB = 2 ** 20;

/** A system with /boot on a partition of its own, behind the root. */
async function twoPartitions(folder: string): Promise<DiskFile> {
  const disk = await makeDisk(folder, 'mkdir -p etc/rc2.d usr/bin; echo 1 > etc/x', 32);
  await run('truncate', ['-s', '48M', disk.path]);
  await run('sfdisk', ['-q', '--no-reread', disk.path], {
    stdin: 'label: dos\nstart=2048, size=63488, type=83\nstart=65536, type=83\n',
  });
  const tree = join(folder, 'boot');
  await run('sh', ['-euc', `mkdir ${tree}; echo kernel > ${tree}/vmlinuz`]);
  await run('mke2fs', [
    '-q',
    '-t',
    'ext4',
    '-d',
    tree,
    '-E',
    `offset=${32 * MIB}`,
    disk.path,
    '15M',
  ]);
  return disk;
}

describe('what a layer cannot hold', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let engine: Awaited<ReturnType<typeof engineOn>>;
  let composition: Composed;
  beforeAll(async () => {
    folder = await temporaryFolder();
    engine = await engineOn(folder.path, await twoPartitions(folder.path));
    const { os, tools } = engine;
    composition = await compose({ id: 'pkg', os, deltas: [], guest: WORK }, tools);
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  const machine = (name: string) => machineDisk(folder.path, name, composition.disk);

  const capture = (name: string, disk: DiskFile) =>
    captureDelta(
      {
        composition,
        layer: identity('app', name),
        machine: handedOut(disk),
        os: engine.os,
        requires: [],
      },
      engine.tools,
    );

  it('says so when another partition was changed', async () => {
    const disk = await machine('boot');
    const partition = { start: 32 * MIB, sizeBytes: 16 * MIB };
    const { runDir, work: workDir } = engine.tools;
    const changes = [file('/vmlinuz', 'new kernel')];
    await writeExt4({ disk, partition, changes, workDir, runDir, run });
    await expect(capture('boot', disk)).rejects.toMatchObject({
      code: 'ChangedElsewhere',
      message: expect.stringContaining('/vmlinuz was changed on partition 2'),
    });
  });

  const eachMounted = NO_MOUNTS === undefined ? it.each : it.skip.each;
  eachMounted([
    { why: 'a newline in a name', make: 'touch "$(printf \'a\\nrm etc\')"' },
    { why: 'a newline in a target', make: 'ln -s "$(printf \'a\\nb\')" link' },
    { why: 'a name that means a removal', make: 'touch .wh.etc' },
    { why: 'a name that is not UTF-8', make: 'touch "$(printf \'\\377\')"' },
  ])(`names the file with $why (${NO_MOUNTS ?? 'mounted'})`, async ({ why, make }) => {
    const name = `m${why.length}`;
    const disk = await machine(name);
    await mounted(disk, folder.path, (root) => run('sh', ['-euc', make], { cwd: root }));
    await expect(capture(name, disk)).rejects.toMatchObject({
      consequence: 'Denied',
      code: expect.stringMatching(/^(UnstorableName|BadFileName)$/),
    });
  });

  it('leaves nothing in the store', async () => {
    expect(await engine.tools.store.listTags('lamina/test/app/boot')).toEqual([]);
  });
});

describe('a directory whose names would fill the memory', () => {
  it('is refused before all of them are kept', () => {
    const base = new MemoryVolume();
    const machine = base.clone();
    const inode = machine.make('/file', plain('file'));
    let told = 0;
    const list = function* () {
      for (; told < 4 * MOST_NAMES; told += 1) yield { name: `link-${told}`, inode };
    };
    Object.assign(machine, { list });
    const touched = { inodes: new Set([2, inode]), directories: new Set([2]) };
    expect(() => compareTrees({ base, machine, touched, excluded: () => false })).toThrow(
      expect.objectContaining({ consequence: 'Denied', code: 'UnstorableName' }),
    );
    expect(told).toBe(MOST_NAMES);
  });
});
