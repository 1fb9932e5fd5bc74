import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/host/clock.ts';
import { silentLog } from '../../src/host/log.ts';
import { run } from '../../src/host/run.ts';
import type { UploadWanted } from '../../src/connectors/connector.ts';
import { Picture } from '../simulators/remote/client/picture.ts';
import { remotePlatform, type RemoteSpec } from '../simulators/remote/client/platform.ts';
import { remoteContractPlatform } from '../simulators/remote/contract-platform.ts';
import { RemoteServer } from '../simulators/remote/server/server.ts';
import type { Listing } from '../simulators/remote/wire.ts';
import { buildDemoOs } from '../support/demo-os/build.ts';
import { tinyGuestDisk } from '../support/boot-sector.ts';
import { ManualClock } from '../support/clock.ts';
import { eventually, idle } from '../support/eventually.ts';
import { temporaryFolder } from '../support/folder.ts';
import { describe, expect, it } from '../support/runner.ts';
import { SerialConsole } from '../support/serial-console.ts';
import { until } from '../support/until.ts';
import { connectorContract } from './connector.ts';
import { faultContract } from './faults.ts';
import { create, KEY, machine, powerOff, powerOn, things, type Stage } from './stage.ts';

connectorContract('remote (machine)', { open: () => remoteContractPlatform('machine') });
connectorContract('remote (artefact)', { open: () => remoteContractPlatform('artefact') });

faultContract('remote (machine)', () => remoteContractPlatform('machine'));
faultContract('remote (artefact)', () => remoteContractPlatform('artefact'));

const INSTALL = 'this-installation';
const disk = {
  id: 'disk-1',
  kind: 'disk',
  name: KEY,
  marks: { install: INSTALL, key: KEY },
  made: 1,
} as const;

/** A picture on a clock that is moved by hand, from lists that are answered by hand. */
function pictureByHand() {
  const clock = new ManualClock();
  const asked: PromiseWithResolvers<Listing>[] = [];
  const picture = new Picture({
    installId: INSTALL,
    url: 'http://far',
    clock,
    log: silentLog,
    pollMs: 1000,
    list: (signal) => {
      const answer = Promise.withResolvers<Listing>();
      asked.push(answer);
      signal.addEventListener('abort', () => answer.reject(new Error('aborted')));
      return answer.promise;
    },
    look: () => Promise.resolve({ asOf: 1, things: [disk] }),
  });
  return { clock, asked, picture };
}

describe('the picture that a session keeps', () => {
  it('is not known before the first list, and not when it is older than a minute', async () => {
    const { clock, asked, picture } = pictureByHand();
    expect(picture.view(KEY)).toMatchObject({ known: false });
    expect(picture.keys()).toBeUndefined();
    asked[0]?.resolve({ asOf: 1, things: [disk] });
    await eventually(() => picture.view(KEY).known, 'it is known');
    expect(picture.keys()).toEqual([KEY]);
    // The next list hangs.
    clock.advance(1000);
    await idle();
    clock.advance(59_000);
    expect(picture.view(KEY)).toMatchObject({ known: true });
    clock.advance(1);
    expect(picture.view(KEY)).toMatchObject({ known: false, why: expect.stringMatching(/old/) });
    expect(picture.keys()).toBeUndefined();
    await picture.close();
  });

  it('is known on a platform whose lists take longer than the time between two', async () => {
    const { clock, asked, picture } = pictureByHand();
    for (let lists = 0; lists < 3; lists += 1) {
      await eventually(() => asked.length > lists, 'a list');
      clock.advance(10_000);
      asked[lists]?.resolve({ asOf: 1, things: [disk] });
      await eventually(() => clock.waiting > 0, 'it is drawn');
      expect(picture.view(KEY)).toMatchObject({ known: true });
      clock.advance(1000);
    }
    await picture.close();
  });

  it('costs one list a second, whatever is asked of it', async () => {
    const { clock, asked, picture } = pictureByHand();
    for (let second = 0; second < 5; second += 1) {
      asked[second]?.resolve({ asOf: 1, things: [disk] });
      await eventually(() => clock.waiting === 1, 'it waits');
      for (let asks = 0; asks < 1000; asks += 1) expect(picture.view(KEY).known).toBe(true);
      clock.advance(1000);
      await idle();
    }
    expect(asked.length).toBe(6);
    await picture.close();
  });
});

describe('the address of the remote platform', () => {
  it('must not hold a password, and is not repeated if it does', async () => {
    const platform = remotePlatform({
      installId: INSTALL,
      clock: systemClock,
      log: silentLog,
      run,
      scratchDir: '/nowhere',
    });
    const credential = { username: 'lamina', password: 'x' };
    for (const url of ['http://lamina:geheim@far', 'file:///geheim', 'geheim']) {
      const open = () => platform.open({ spec: { url, secret: 'far' }, credential });
      expect(open).toThrow(expect.objectContaining({ consequence: 'Impossible' }));
      expect(open).not.toThrow(/geheim/);
    }
  });
});

async function started(folder: string): Promise<{ child: ChildProcess; url: string }> {
  const script = join(import.meta.dirname, '../simulators/remote/main.ts');
  const child = spawn(process.execPath, [script, folder, 'Kanarienvogel-7'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, ...(JSON.parse(line.toString('utf8')) as { url: string }) };
}

async function guestsIn(folder: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.filter((line) => line.startsWith('qemu-system') && line.includes(folder)).length;
}

/** A stage on a platform that runs elsewhere. */
async function stageOn(url: string, folder: string, source: UploadWanted): Promise<Stage> {
  const options = { installId: INSTALL, clock: systemClock, log: silentLog, run };
  const platform = remotePlatform({ ...options, scratchDir: folder, pollMs: 50 });
  const spec: RemoteSpec = { url, secret: 'far', memoryMiB: 256 };
  const place = { spec, credential: { username: 'lamina', password: 'Kanarienvogel-7' } };
  const session = platform.open(place);
  const connector = session.connector(spec);
  const transfer = platform.transfer(place);
  const { signal } = new AbortController();
  // Nobody breaks this platform: of what a platform is, the steps need its source only.
  const judged = { source } as Stage['platform'];
  return { session, connector, transfer, signal, folder, platform: judged };
}

describe('the remote platform as a process', () => {
  for (const [signal, why] of [
    ['SIGTERM', 'it ends its machines'],
    ['SIGKILL', 'its machines go with it, whatever happens'],
  ] as const) {
    it(`keeps its things over ${signal}, and is started again: ${why}`, async () => {
      await using folder = await temporaryFolder();
      const far = join(folder.path, 'far');
      const source = await tinyGuestDisk(join(folder.path, 'guest.raw'), 'waits for the button');
      const first = await started(far);
      const stage = await stageOn(first.url, folder.path, { ...source, composition: 'c-1' });
      await create(stage);
      await powerOn(stage);
      const before = await things(stage);
      await stage.session.close();
      expect(await guestsIn(far)).toBe(1);
      first.child.kill(signal);
      await once(first.child, 'exit');
      await until('no machine is left', async () => (await guestsIn(far)) === 0);
      const second = await started(far);
      const again = await stageOn(second.url, folder.path, { ...source, composition: 'c-1' });
      expect((await things(again)).disks).toEqual(before.disks);
      expect(await machine(again)).toMatchObject({ id: before.machines[0]?.id, power: 'off' });
      await powerOn(again);
      expect(await machine(again)).toMatchObject({ power: 'on', boot: '2' });
      await powerOff(again);
      await again.session.close();
      second.child.kill('SIGTERM');
      await once(second.child, 'exit');
    });
  }
});

describe('a real operating system on the remote platform', () => {
  it('boots, keeps what is written to it, and comes back whole', async () => {
    const demo = await buildDemoOs({ run });
    await using folder = await temporaryFolder();
    const far = join(folder.path, 'far');
    await mkdir(far);
    const users = { lamina: 'Kanarienvogel-7' };
    const server = await RemoteServer.start({ folder: far, users });
    const wanted = { ...demo, format: 'raw', composition: 'c-demo' } as const;
    const stage = await stageOn(server.url, folder.path, wanted);
    try {
      await create(stage);
      await powerOn(stage);
      const line = await SerialConsole.open(server.serialSocketOf(KEY));
      expect(await line.sh('. /etc/os-release && echo "$ID"')).toEqual({
        code: 0,
        output: 'lamina-demo\n',
      });
      await line.sh('echo kept-by-the-guest > /var/lib/proof && sync');
      line.powerOff();
      await until('its own power-off is seen', async () => {
        return (await machine(stage))?.power === 'off';
      });
      const progress: number[] = [];
      await using fetched = await stage.transfer.download(
        { of: 'machine', key: KEY },
        folder.path,
        { signal: stage.signal, progress: (percent) => progress.push(percent) },
      );
      expect(progress.at(-1)).toBe(100);
      const { path, format } = fetched.disk;
      const info = await run('qemu-img', ['info', '--output=json', '-f', format, path]);
      expect(JSON.parse(info.stdout)).toMatchObject({ 'virtual-size': demo.sizeBytes });
      expect((await stat(path)).size).toBeGreaterThan(2 ** 20);
      const content = await run('qemu-img', [
        'convert',
        '-f',
        format,
        '-O',
        'raw',
        path,
        `${path}.raw`,
      ]);
      expect(content.code).toBe(0);
      const found = await run('grep', ['-c', '-a', 'kept-by-the-guest', `${path}.raw`]);
      expect(Number(found.stdout)).toBeGreaterThan(0);
    } finally {
      await stage.session.close();
      await server.close();
    }
  });
});
