import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Copies } from '../../../../src/connectors/local/copies.ts';
import { uuidOf } from '../../../../src/connectors/local/places.ts';
import { Sight } from '../../../../src/connectors/local/sight.ts';
import type { Log } from '../../../../src/host/log.ts';
import { jsonLog } from '../../../../src/host/log.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { localOptions } from '../../../support/local-platform.ts';
import { describe, expect, it } from '../../../support/runner.ts';
import { systemClock } from '../../../../src/host/clock.ts';

const NOTHING = { machines: [], disks: [], publications: [], copies: [] };
const mark = (key: string, installId = 'ours') => ({ installId, key });
const disk = (key: string, more = {}) => ({
  ...mark(key),
  state: 'ready',
  source: '/w/c/k/d',
  ...more,
});

/** Makes a marker so long that reading it outweighs all else that this process reads. */
const LONG = 'x'.repeat(2 ** 16);

/** How much this process reads during some work, as the kernel counts. */
async function bytesRead(work: () => Promise<unknown>): Promise<number> {
  const count = async (): Promise<number> => {
    return Number(/^rchar: (\d+)$/m.exec(await readFile('/proc/self/io', 'utf8'))?.[1]);
  };
  const before = await count();
  await work();
  return (await count()) - before;
}

async function machinesFolder() {
  const folder = await temporaryFolder();
  const lines: string[] = [];
  const log: Log = jsonLog(
    (line) => lines.push(line),
    () => 0,
    { level: 'info' },
  );
  const options = {
    ...localOptions({ machinesDir: folder.path, runDir: folder.path, installId: 'ours' }),
    log,
  };
  return {
    path: folder.path,
    lines,
    options,
    sight: new Sight(options, () => undefined),
    write: async (key: string, file: string, content: unknown): Promise<void> => {
      await mkdir(join(folder.path, key, 'snapshots'), { recursive: true });
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      await writeFile(join(folder.path, key, file), text);
    },
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

describe('what is seen in the machines folder', () => {
  it('is what an older release left, as it was', async () => {
    await using at = await machinesFolder();
    const sockets = { qmp: '/r/a.qmp', serial: '/r/a.tty', vnc: '/r/a.vnc' };
    await at.write('k', 'disk.json', disk('k'));
    await at.write('k', 'machine.json', { ...mark('k'), displayName: 'K', purpose: 'packaging' });
    await at.write('k', 'launch.json', { poweredOnAt: 1_700_000_000_000, ...sockets });
    await at.write('k', 'snapshots/3f9a01bc.qcow2', '');
    await at.write('k', 'snapshots/.3f9a01bc.0123456789ab.partial', '');
    expect(await at.sight.view('k')).toMatchObject({
      known: true,
      things: {
        machines: [{ power: 'off', boot: '1700000000000', bootedAt: 1_700_000_000_000 }],
        disks: [{ state: 'ready' }],
        publications: [{ revision: '3f9a01bc' }],
        copies: [],
      },
    });
    expect(await at.sight.keys()).toEqual(['k']);
  });

  it.each([
    { why: 'forward', spanMs: 86_400_000 },
    { why: 'back', spanMs: -86_400_000 },
  ])('makes a boot no older when the clock is set $why a day', async ({ spanMs }) => {
    await using at = await machinesFolder();
    const machine = spawn('sh', ['-c', 'read line', '-uuid', uuidOf('ours', 'k')]);
    try {
      await at.write('k', 'disk.json', disk('k'));
      await at.write('k', 'machine.json', { ...mark('k'), displayName: 'K', purpose: 'packaging' });
      const sockets = { qmp: '/r/a.qmp', serial: '/r/a.tty', vnc: '/r/a.vnc' };
      const launch = { poweredOnAt: systemClock.now(), ...sockets, state: 'started' };
      await at.write('k', 'launch.json', { ...launch, pid: machine.pid });
      const clock = { ...systemClock, now: () => systemClock.now() + spanMs };
      const seen = await new Sight({ ...at.options, clock }, () => undefined).view('k');
      const [found] = seen.known ? seen.things.machines : [];
      expect(found).toMatchObject({ power: 'on', boot: String(launch.poweredOnAt) });
      const ageMs = clock.now() - (found?.bootedAt ?? 0);
      expect(ageMs).toBeGreaterThanOrEqual(-10);
      expect(ageMs).toBeLessThan(3_600_000);
    } finally {
      machine.kill('SIGKILL');
    }
  });

  it.each([
    { why: 'a start that was tried is no boot', launch: { state: 'starting' }, boot: undefined },
    { why: 'nor does it hide the one before', launch: { state: 'starting', before: 5 }, boot: '5' },
    {
      why: 'one that was seen is',
      launch: { state: 'started', pid: 2 ** 30, before: 5 },
      boot: '9',
    },
  ])('$why', async ({ launch, boot }) => {
    await using at = await machinesFolder();
    await at.write('k', 'machine.json', mark('k'));
    await at.write('k', 'launch.json', { poweredOnAt: 9, ...launch });
    const seen = await at.sight.view('k');
    expect(seen.known && seen.things.machines[0]?.boot).toBe(boot);
  });

  it('is a boot where QEMU itself left its pid file', async () => {
    await using at = await machinesFolder();
    await at.write('k', 'machine.json', mark('k'));
    await at.write('k', 'launch.json', { poweredOnAt: 9, state: 'starting' });
    await at.write('k', 'qemu.pid', `${2 ** 30 - 1}\n`);
    const seen = await at.sight.view('k');
    expect(seen.known && seen.things.machines[0]).toMatchObject({ power: 'off', boot: '9' });
  });

  it.each([
    { why: 'a marker that is no JSON', file: 'disk.json', content: '{"installId": "ou' },
    { why: 'a marker of another form', file: 'machine.json', content: '[]' },
    { why: 'a record that is no JSON', file: 'launch.json', content: '\0\0\0' },
  ])('is unknown with $why, told once, and others are known', async ({ file, content }) => {
    await using at = await machinesFolder();
    await at.write('good', 'disk.json', disk('good'));
    await at.write('bad', 'machine.json', mark('bad'));
    await at.write('bad', file, content);
    for (let looks = 0; looks < 3; looks += 1) {
      expect(await at.sight.view('bad')).toEqual({
        known: false,
        why: expect.stringContaining(`bad/${file}`),
      });
    }
    expect(at.lines.length).toBe(1);
    expect(at.lines[0]).toContain('"key":"bad"');
    expect(await at.sight.view('good')).toMatchObject({ known: true });
    expect((await at.sight.keys())?.toSorted()).toEqual(['bad', 'good']);
    expect(at.lines.length).toBe(1);
  });

  it('is unknown when files are there and cannot be read', async () => {
    await using at = await machinesFolder();
    await at.write('k', 'disk.json', disk('k'));
    await rm(join(at.path, 'k', 'disk.json'));
    await mkdir(join(at.path, 'k', 'disk.json'));
    expect(await at.sight.view('k')).toMatchObject({ known: false });
    expect(await at.sight.keys()).toEqual(['k']);
    // No key can be named so: such a folder was never ours.
    await at.write('Not a key', 'disk.json', 'no marker');
    expect(await at.sight.keys()).toEqual(['k']);
    expect(at.lines.length).toBe(2);
    await rm(at.path, { recursive: true });
    await writeFile(at.path, 'not a folder');
    expect(await at.sight.keys()).toBeUndefined();
  });

  it('is no key any more without our mark, nor as a copy, however often it was one', async () => {
    await using at = await machinesFolder();
    await at.write('k', 'disk.json', disk('k'));
    await at.write('l', 'disk.json', disk('k'));
    await utimes(join(at.path, 'k'), 1, 1);
    await utimes(join(at.path, 'l'), 1, 1);
    for (let looks = 0; looks < 2; looks += 1) expect(await at.sight.keys()).toEqual(['k']);
    await rm(join(at.path, 'k', 'disk.json'));
    expect(await at.sight.keys()).toEqual([]);
    await rm(join(at.path, 'l', 'disk.json'));
    await at.write('l', 'disk.json', disk('l'));
    expect(await at.sight.keys()).toEqual(['l']);
  });

  it('is read a few times, however many keys are looked at together', async () => {
    await using at = await machinesFolder();
    const names = Array.from({ length: 40 }, (_, i) => `k-${i}`);
    const all = names.length * LONG.length;
    for (const name of names) {
      await at.write(name, 'disk.json', disk(name, { more: LONG }));
      await utimes(join(at.path, name), 1, 1);
    }
    const viewed = await bytesRead(() => Promise.all(names.map((name) => at.sight.view(name))));
    expect(viewed).toBeLessThan(4 * all);
    const listed = await bytesRead(async () => {
      expect((await at.sight.keys())?.length).toBe(names.length);
    });
    expect(listed).toBeLessThan(all / 4);
  });

  it('is nothing where there is no folder, a file, or what others own', async () => {
    await using at = await machinesFolder();
    await writeFile(join(at.path, 'notes'), 'not a folder');
    await at.write('theirs', 'disk.json', mark('theirs', 'another'));
    await at.write('empty', 'thesis.doc', '');
    expect(await at.sight.keys()).toEqual([]);
    for (const key of ['theirs', 'empty', 'missing']) {
      expect(await at.sight.view(key)).toEqual({ known: true, things: NOTHING });
    }
    await rm(at.path, { recursive: true });
    expect(await at.sight.keys()).toEqual([]);
    expect(await at.sight.view('k')).toEqual({ known: true, things: NOTHING });
  });

  it('shows a disk that is being deleted until it is gone', async () => {
    await using at = await machinesFolder();
    await at.write('k', 'disk.json', disk('k', { state: 'deleting' }));
    await at.write('k', 'disk.qcow2', '');
    await at.write('k', 'snapshots/one.qcow2', '');
    expect(await at.sight.view('k')).toMatchObject({ things: { disks: [{ state: 'filling' }] } });
    await rm(join(at.path, 'k', 'disk.qcow2'));
    expect(await at.sight.view('k')).toMatchObject({
      things: { disks: [], publications: [{ revision: 'one' }] },
    });
  });
});

describe('copies of a folder', () => {
  it('are found when they appear, however their names look, and forgotten when they go', async () => {
    await using at = await machinesFolder();
    const copies = new Copies({ machinesDir: at.path, installId: 'ours', clock: systemClock });
    await at.write('k', 'disk.json', disk('k'));
    expect(await copies.of('k')).toEqual([]);
    // Made first and filled later, as cp does, in a folder whose time stamp is old.
    await mkdir(join(at.path, 'Copy of k'));
    await utimes(at.path, 1, 1);
    expect(await copies.of('k')).toEqual([]);
    await at.write('Copy of k', 'disk.json', disk('k'));
    expect(await copies.of('k')).toEqual(['Copy of k']);
    await at.write('l', 'machine.json', mark('k'));
    expect(await copies.of('k')).toEqual(['Copy of k', 'l']);
    await at.write('l', 'machine.json', mark('l'));
    expect(await copies.of('k')).toEqual(['Copy of k']);
    await rm(join(at.path, 'Copy of k'), { recursive: true });
    expect(await copies.of('k')).toEqual([]);
  });
});
