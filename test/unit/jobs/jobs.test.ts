import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../../../src/host/clock.ts';
import { silentLog } from '../../../src/host/log.ts';
import { run } from '../../../src/host/run.ts';
import type { Random } from '../../../src/core/clock.ts';
import type { StoredLayer } from '../../../src/core/layer.ts';
import { childRunner } from '../../../src/jobs/child-runner.ts';
import type {
  CaptureJob,
  Composed,
  ComposeJob,
  ImportJob,
  InspectJob,
  JobResults,
  JobRunner,
  JobSpec,
  JobState,
} from '../../../src/jobs/spec.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import { changeDisk, file, onVolume, treeDigest } from '../../support/volume/change.ts';
import { makeDisk } from '../../support/volume/disk.ts';
import { identity, machineDisk } from '../../support/volume/engine.ts';
import { seeded } from '../../support/volume/random.ts';

const SYSTEM = `
mkdir -p etc/rc2.d usr/bin var/lib tmp; head -c 3000000 /dev/urandom > usr/bin/tool
for i in $(seq 200); do echo $i > usr/file$i; done; echo root:x:0:0::/: > etc/passwd`;
const MEDIA = 'bytes of an installer';
const MEDIA_SHA256 = createHash('sha256').update(MEDIA).digest('hex');

const OURS = (path: string) => path.startsWith('/var/lib/lamina');

describe('jobs in processes of their own', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let media: Server;
  let runner: JobRunner;
  let importJob: ImportJob;
  let places: { store: string; work: string };
  let mediaUrl: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    places = { store: join(folder.path, 'store'), work: join(folder.path, 'work') };
    await mkdir(places.work);
    const disk = await makeDisk(folder.path, SYSTEM);
    const importRoot = join(folder.path, 'import');
    await mkdir(importRoot);
    await run('qemu-img', [
      'convert',
      '-f',
      'raw',
      '-O',
      'qcow2',
      disk.path,
      join(importRoot, 'os.qcow2'),
    ]);
    const bytes = await readFile(join(importRoot, 'os.qcow2'));
    importJob = {
      kind: 'import',
      places,
      layer: identity('os', 'tiny'),
      importRoot,
      file: 'os.qcow2',
      format: 'qcow2',
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
    media = createServer((_, response) => response.end(MEDIA));
    await new Promise<void>((resolve) => media.listen(0, '127.0.0.1', resolve));
    mediaUrl = `http://127.0.0.1:${(media.address() as AddressInfo).port}/setup.bin`;
    runner = childRunner({ workDir: places.work, clock: systemClock, log: silentLog });
  });
  afterAll(async () => {
    await runner.close();
    media.close();
    await folder[Symbol.asyncDispose]();
  });

  function end(name: string): Promise<JobState> {
    return new Promise((resolve) => {
      const look = () => {
        const state = runner.look(name);
        if (state === undefined || state.state === 'running') return;
        stop();
        resolve(state);
      };
      const stop = runner.watch(look);
      look();
    });
  }

  async function result<Spec extends JobSpec>(spec: Spec): Promise<JobResults[Spec['kind']]> {
    await runner.forget('job');
    await runner.start('job', spec);
    const state = await end('job');
    if (state.state !== 'succeeded') throw new Error(JSON.stringify(state));
    return state.result as JobResults[Spec['kind']];
  }

  async function failure(spec: JobSpec): Promise<string> {
    await runner.forget('job');
    await runner.start('job', spec);
    const state = await end('job');
    return state.state === 'failed' ? state.failure.code : 'no failure';
  }

  const composeJob = (key: string, os: StoredLayer, deltas: StoredLayer[] = []): ComposeJob => ({
    kind: 'compose',
    places,
    key,
    os,
    deltas,
    task: {
      role: 'package',
      title: 'tool 1',
      steps: [
        {
          run: 'sh "$LAMINA_MEDIA/setup.bin"',
          exitCodes: { ok: [0], reboot: [99] },
          timeout: '5m',
        },
      ],
      media: [{ name: 'setup.bin', url: mediaUrl, sha256: MEDIA_SHA256 }],
      unattended: true,
    },
  });

  /** What a machine would leave: its work, and the word of the guest tool. */
  async function installed(key: string, composed: Composed) {
    const disk = await machineDisk(folder.path, `machine-${key}`, composed.disk);
    const { nonce } = composed;
    const attestation = { format: 1, nonce, role: 'package', result: 'clean', reasons: [] };
    await changeDisk(disk, folder.path, [
      file('/usr/file7', 'changed'),
      { op: 'remove', path: '/usr/file8' },
      file('/usr/bin/app', 'a'.repeat(2_000_000)),
      file('/var/lib/lamina/attestation.json', JSON.stringify(attestation)),
    ]);
    return disk;
  }

  const inspectJob = (key: string, disk: InspectJob['machineDisk']): InspectJob => {
    return { kind: 'inspect', places, key, machineDisk: disk };
  };

  const captureJob = (
    key: string,
    os: StoredLayer,
    disk: CaptureJob['machineDisk'],
  ): CaptureJob => ({
    kind: 'capture',
    places,
    key,
    layer: identity('app', key),
    machineDisk: disk,
    os,
    requires: [],
  });

  /** Runs a job that is killed again and again, each time at another instant, then to its end. */
  async function survive<Spec extends JobSpec>(
    spec: Spec,
    random: Random,
    normalMs: number,
  ): Promise<JobResults[Spec['kind']]> {
    for (let round = 0; round < 6; round += 1) {
      await runner.forget('job');
      await runner.start('job', spec);
      await new Promise((resolve) => setTimeout(resolve, random() * normalMs));
    }
    return result(spec);
  }

  it('goes from an imported file to a captured layer', async () => {
    const os = await result(importJob);
    const composed = await result(composeJob('good', os));
    expect(
      await onVolume(composed.disk, (volume) => {
        const text = (path: string) =>
          Buffer.concat([...volume.content(volume.lookup(path) ?? 0)]).toString();
        return [
          text('/var/lib/lamina/steps/1/script'),
          text('/var/lib/lamina/steps/1/reboot'),
          text('/var/lib/lamina/steps/1/timeout'),
          text('/var/lib/lamina/media/setup.bin'),
          text('/var/lib/lamina/nonce'),
        ];
      }),
    ).toEqual(['sh "$LAMINA_MEDIA/setup.bin"\n', '99\n', '300\n', MEDIA, `${composed.nonce}\n`]);

    const fresh = await machineDisk(folder.path, 'fresh', composed.disk);
    expect(await result(inspectJob('good', fresh))).toMatchObject({ verdict: 'unattested' });
    const disk = await installed('good', composed);
    expect(await result(inspectJob('good', disk))).toEqual({ verdict: 'clean' });

    const layer = await result(captureJob('good', os, disk));
    const image = await result(composeJob('image', os, [layer]));
    const [machine, made] = await Promise.all(
      [disk, image.disk].map((one) => onVolume(one, (volume) => treeDigest(volume, OURS))),
    );
    expect(made).toBe(machine);

    const flat = join(folder.path, 'flat.raw');
    const convert = {
      kind: 'convert',
      source: image.disk,
      target: { path: flat, format: 'raw' },
    } as const;
    expect(await result(convert)).toEqual({ path: flat, sizeBytes: image.sizeBytes });
    expect(await onVolume({ path: flat, format: 'raw' }, (v) => treeDigest(v, OURS))).toBe(machine);
  });

  it('comes to the same end when every job is killed at six instants', async () => {
    const random = seeded(11);
    const other = (spec: ImportJob): ImportJob => {
      const again = { store: join(folder.path, 'store2'), work: join(folder.path, 'work2') };
      places = again;
      return { ...spec, places: again };
    };
    const os1 = await result(importJob);
    const layer1 = await result(
      captureJob('good', os1, { path: join(folder.path, 'machine-good.qcow2'), format: 'qcow2' }),
    );

    const os2 = await survive(other(importJob), random, 900);
    expect(os2.content).toBe(os1.content);
    const composed = await survive(composeJob('good', os2), random, 1500);
    const disk = await machineDisk(folder.path, 'machine-two', composed.disk);
    // The same bytes on the machine, taken from the first one.
    const attestation = { format: 1, nonce: composed.nonce, role: 'package', result: 'clean' };
    await changeDisk(disk, folder.path, [
      file('/usr/file7', 'changed'),
      { op: 'remove', path: '/usr/file8' },
      file('/usr/bin/app', 'a'.repeat(2_000_000)),
      file('/var/lib/lamina/attestation.json', JSON.stringify(attestation)),
    ]);
    const inspected = await survive(inspectJob('good', disk), random, 400);
    expect(inspected).toEqual({ verdict: 'clean' });
    const layer2 = await survive(captureJob('good', os2, disk), random, 600);
    expect(layer2.content).toBe(layer1.content);
    const image = await survive(composeJob('image', os2, [layer2]), random, 1500);
    const digest = await onVolume(image.disk, (volume) => treeDigest(volume, OURS));
    expect(digest).toBe(await onVolume(disk, (volume) => treeDigest(volume, OURS)));
    expect((await readdir(places.work)).sort()).toEqual([
      'base',
      'composed',
      'import',
      'locks',
      'media',
    ]);
    expect(await readdir(join(places.work, 'import'))).toEqual([]);
    expect((await readdir(join(places.work, 'composed', 'image'))).sort()).toEqual([
      'compose.json',
      'disk.qcow2',
    ]);
  });

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
    {
      why: 'a disk without a system',
      more: { file: 'empty.raw', format: 'raw' },
      code: 'NoLinuxRoot',
    },
  ] as const)('refuses to import $why', async ({ more, code }) => {
    const { importRoot } = importJob;
    await mkdir(join(importRoot, 'folder'), { recursive: true });
    await symlink('/etc/hostname', join(importRoot, 'link')).catch(() => undefined);
    await writeFile(join(importRoot, 'empty.raw'), Buffer.alloc(2 ** 20));
    const thief = join(importRoot, 'thief.qcow2');
    await run('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-b',
      '/etc/passwd',
      '-F',
      'raw',
      thief,
      '1M',
    ]);
    const path =
      'file' in more && !['.', 'folder', 'none', 'link', '../os.raw'].includes(more.file)
        ? more.file
        : '';
    const bytes = path === '' ? undefined : await readFile(join(importRoot, path));
    const sha256 =
      bytes === undefined ? importJob.sha256 : createHash('sha256').update(bytes).digest('hex');
    const layer = identity('os', 'hostile');
    expect(await failure({ ...importJob, sha256, ...more, layer })).toBe(code);
  });

  it('says which media are wrong before it builds anything', async () => {
    const os = await result(importJob);
    const job = composeJob('bad-media', os);
    const wrong = { name: 'setup.bin', url: mediaUrl, sha256: '1'.repeat(64) };
    if (job.task.role !== 'package') return;
    expect(await failure({ ...job, task: { ...job.task, media: [wrong] } })).toBe(
      'DownloadDiffers',
    );
  });
});
