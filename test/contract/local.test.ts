import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { launchArgs } from '../../src/connectors/local/launch.ts';
import { socketsOf, uuidOf } from '../../src/connectors/local/places.ts';
import type { LocalSpec } from '../../src/connectors/local/settings.ts';
import { Qmp } from '../../src/connectors/local/qmp.ts';
import { systemClock } from '../../src/host/clock.ts';
import { startDetached } from '../../src/host/detached.ts';
import { run } from '../../src/host/run.ts';
import { buildDemoOs } from '../support/demo-os/build.ts';
import { localTestPlatform, type LocalPlatform } from '../support/local-platform.ts';
import { describe, expect, it } from '../support/runner.ts';
import { SerialConsole } from '../support/serial-console.ts';
import { until } from '../support/until.ts';
import { connectorContract } from './connector.ts';
import {
  bootCount,
  create,
  failureOf,
  finish,
  KEY,
  machine,
  powerOff,
  powerOn,
  publish,
  removeAll,
  shutDown,
  start,
  things,
  upload,
  WANT,
  type OpenOptions,
  type Stage,
} from './stage.ts';

connectorContract('local', { open: () => localTestPlatform() });

async function stageOn(platform: LocalPlatform, options?: OpenOptions<LocalSpec>): Promise<Stage> {
  const { signal } = new AbortController();
  return { ...(await platform.open(options)), platform, signal, folder: platform.sources };
}

/** Presses the button behind the connectors' back, until the guest has switched itself off. */
async function shutDownUnseen(platform: LocalPlatform): Promise<void> {
  const launch = await readFile(join(platform.machinesDir, KEY, 'launch.json'), 'utf8');
  const { qmp } = JSON.parse(launch) as { qmp: string };
  let monitor: Qmp | undefined;
  await until('the monitor is free', async () => {
    const opened = Qmp.open(qmp, { clock: systemClock, onEvent: () => undefined });
    monitor = await opened.catch(() => undefined);
    return monitor !== undefined;
  });
  await until('the guest is off', async () => {
    await monitor?.execute('system_powerdown');
    const status = (await monitor?.execute('query-status')) as { status: string };
    return status.status === 'shutdown';
  });
  monitor?.close();
}

describe('the local connector, besides the contract', () => {
  it('learns of a power-off that nobody saw, and frees the image', async () => {
    await using platform = await localTestPlatform();
    const first = await stageOn(platform);
    await start(first);
    await first.session.close();
    await shutDownUnseen(platform);
    expect((await platform.processes()).length).toBe(1);
    const next = await stageOn(platform);
    await until('it is seen', async () => (await machine(next))?.power === 'off');
    expect(await platform.processes()).toEqual([]);
    await publish(next);
    await next.session.close();
  });

  it('is not deceived by a pid file that names another process', async () => {
    await using platform = await localTestPlatform();
    const stage = await stageOn(platform);
    await start(stage);
    await platform.crashMachine(KEY);
    await writeFile(join(platform.machinesDir, KEY, 'qemu.pid'), `${process.pid}\n`);
    await until('the crash is seen', async () => (await machine(stage))?.power === 'off');
    await removeAll(stage);
    expect(await platform.leftovers()).toEqual([]);
    await stage.session.close();
  });

  it('does not touch a folder that it did not make', async () => {
    await using platform = await localTestPlatform();
    const stage = await stageOn(platform);
    const folder = join(platform.machinesDir, KEY);
    await run('mkdir', [folder]);
    await writeFile(join(folder, 'thesis.doc'), 'years of work');
    const conflict = { consequence: 'Conflict' };
    await expect(upload(stage)).rejects.toMatchObject(conflict);
    await expect(removeAll(stage)).rejects.toMatchObject(conflict);
    expect(await readFile(join(folder, 'thesis.doc'), 'utf8')).toBe('years of work');
    await stage.session.close();
  });

  it('does not touch a copy of a folder, whatever is asked of its name', async () => {
    await using platform = await localTestPlatform();
    const stage = await stageOn(platform);
    await create(stage);
    const copy = await platform.copyByStranger(KEY);
    const { connector, signal } = stage;
    const copied = { consequence: 'Conflict', code: 'CopiedMachine' };
    await expect(upload(stage, copy)).rejects.toMatchObject(copied);
    await expect(connector.deleteMachine(copy, signal)).rejects.toMatchObject(copied);
    await expect(connector.deleteDisk(copy, signal)).rejects.toMatchObject(copied);
    const on = connector.power(copy, { to: 'on', after: undefined }, signal);
    await expect(on).rejects.toMatchObject(copied);
    expect(await things(stage, copy)).toMatchObject({ machines: [], disks: [] });
    await run('rm', ['-r', join(platform.machinesDir, copy)]);
    expect((await things(stage)).copies).toEqual([]);
    await stage.session.close();
  });

  it('says what QEMU said when a machine does not start, which then has not run', async () => {
    await using platform = await localTestPlatform();
    const stage = await stageOn(platform);
    await create(stage);
    await writeFile(join(platform.machinesDir, KEY, 'disk.qcow2'), 'no disk');
    await expect(powerOn(stage)).rejects.toMatchObject({
      code: 'MachineNotStarted',
      message: expect.stringContaining('not in qcow2 format'),
    });
    const seen = await machine(stage);
    expect(seen?.power).toBe('off');
    expect(seen?.boot).toBeUndefined();
    await stage.session.close();
  });

  it.each([
    { why: 'before QEMU is started: it has not run', where: 'before qemu-system', ran: false },
    { why: 'just after: it runs', where: 'after qemu-system', ran: true },
  ])('knows whether a machine ran whose controller ended $why', async ({ where, ran }) => {
    await using platform = await localTestPlatform();
    const stage = await stageOn(platform);
    await create(stage);
    for (let boots = 0; boots < 2; boots += 1) {
      const before = await machine(stage);
      const doomed = await stageOn(platform, {
        point: (now) => {
          if (now.startsWith(where)) throw new Error('the controller ends');
        },
      });
      await expect(powerOn(doomed)).rejects.toThrow('the controller ends');
      await doomed.session.close();
      if (ran) await until('QEMU runs', async () => (await machine(stage))?.power === 'on');
      else expect(await machine(stage)).toEqual(before);
      await powerOn(stage);
      const after = await machine(stage);
      expect(after?.power).toBe('on');
      expect(after?.boot).not.toBe(before?.boot);
      await powerOff(stage);
      expect((await machine(stage))?.boot).toBe(after?.boot);
    }
    await stage.session.close();
  });

  it('hears a guest, shows its last lines without their tricks, and is not filled by it', async () => {
    await using platform = await localTestPlatform('babbles');
    const stage = await stageOn(platform);
    const before = Date.now();
    await start(stage);
    await until('the guest is heard', async () => {
      return ((await machine(stage))?.heardAt ?? 0) >= before;
    });
    let lines: readonly string[] = [];
    await until('it has said ten lines', async () => {
      lines = (await stage.connector.describe(KEY, stage.signal)).lastLines;
      return lines.length === 10;
    });
    // The last one may be half said.
    expect(new Set(lines.slice(0, -1))).toEqual(new Set(['.........fireerif']));
    const log = join(platform.machinesDir, KEY, 'serial.log');
    const size = async (): Promise<number> => (await readFile(log)).length;
    let largest = 0;
    await until('the log is cut', async () => {
      const now = await size();
      if (largest > 2 ** 20 && now < largest) return true;
      largest = now;
      return false;
    });
    expect((await readFile(log, 'latin1')).slice(0, 2 ** 15)).toContain('fire');
    await powerOff(stage);
    await removeAll(stage);
    expect(await platform.leftovers()).toEqual([]);
    await stage.session.close();
  });

  it('lets go of a monitor that it was just opening', async () => {
    await using platform = await localTestPlatform();
    const stage = await stageOn(platform);
    await start(stage);
    await stage.session.close();
    for (let rounds = 0; rounds < 5; rounds += 1) {
      const passing = await stageOn(platform);
      expect((await machine(passing))?.power).toBe('on');
      await passing.session.close();
    }
    await shutDownUnseen(platform);
  });

  it('goes on with what the release before left: a running machine and a publication', async () => {
    await using platform = await localTestPlatform();
    const { machinesDir, runDir, installId, source } = platform;
    const folder = join(machinesDir, KEY);
    await mkdir(join(folder, 'snapshots'), { recursive: true });
    await mkdir(runDir);
    const at = (name: string): string => join(folder, name);
    const how = 'create -q -f qcow2 -o extended_l2=on,cluster_size=128k -F raw -b'.split(' ');
    await run('qemu-img', [...how, source.path, at('disk.qcow2')]);
    await cp(at('disk.qcow2'), at('snapshots/3f9a01bc.qcow2'));
    const marker = { installId, key: KEY };
    const disk = { ...marker, source: source.path, state: 'ready' };
    await writeFile(at('disk.json'), JSON.stringify(disk));
    await writeFile(at('machine.json'), JSON.stringify({ ...marker, ...WANT }));
    const uuid = uuidOf(installId, KEY);
    const sockets = socketsOf(runDir, uuid);
    await writeFile(at('launch.json'), JSON.stringify({ poweredOnAt: 17, ...sockets }));
    const plan = {
      key: KEY,
      uuid,
      sockets,
      disk: at('disk.qcow2'),
      pidFile: at('qemu.pid'),
      hardware: { cpus: 1, memoryMiB: 64, network: 'none' },
      hypervisor: { accelerator: 'tcg', sandbox: true },
      serialLog: 'none',
    } as const;
    const args = launchArgs(plan).map((arg) => arg.replace(',logfile=none,logappend=on', ''));
    await startDetached('qemu-system-x86_64', args, at('qemu.log'));

    await until('QEMU runs', async () => (await platform.processes()).length === 1);
    const stage = await stageOn(platform);
    const before = await machine(stage);
    expect(before).toMatchObject({ power: 'on', boot: '17' });
    expect(before?.heardAt).toBe(17);
    expect((await things(stage)).publications).toMatchObject([{ revision: '3f9a01bc' }]);
    await upload(stage);
    await shutDown(stage);
    expect(await machine(stage)).toMatchObject({ power: 'off', boot: '17' });
    await powerOn(stage);
    await shutDown(stage);
    expect(await bootCount(stage)).toBe(2);
    await publish(stage, 'two');
    await finish(stage, () => stage.connector.unpublish(KEY, '3f9a01bc', stage.signal));
    await removeAll(stage);
    expect(await platform.leftovers()).toEqual([]);
    await stage.session.close();
  });

  it('lets a machine be switched on again when the job that read its disk was killed', async () => {
    await using platform = await localTestPlatform();
    const stage = await stageOn(platform);
    await create(stage);
    const { machinesDir, runDir, installId, source } = platform;
    const script = join(import.meta.dirname, '../support/local-controller.ts');
    const args = [script, machinesDir, runDir, installId, source.path, KEY, 'reads'];
    const job = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(job.stdout, 'data');
    const busy = { consequence: 'Busy', code: 'DiskInUse' };
    await expect(powerOn(stage)).rejects.toMatchObject(busy);
    job.kill('SIGKILL');
    await once(job, 'exit');
    await powerOn(stage);
    expect((await machine(stage))?.power).toBe('on');
    await stage.session.close();
  });

  it('loses and doubles nothing when its process is killed at any instant', async () => {
    await using platform = await localTestPlatform();
    const script = join(import.meta.dirname, '../support/local-controller.ts');
    const { machinesDir, runDir, installId, source } = platform;
    for (let round = 0; round < 16; round += 1) {
      const args = [script, machinesDir, runDir, installId, source.path, KEY];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      // Instants spread over a life, which takes some 0.2 s.
      await delay(round * 13);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const stage = await stageOn(platform);
      // The qemu-img of a copy outlives the process that was killed, and reads the disk to its end.
      await until('nobody is at the disk', async () => {
        const failure = await failureOf(start(stage));
        if (failure !== undefined && failure.consequence !== 'Busy') throw failure;
        return failure === undefined;
      });
      expect((await machine(stage))?.power).toBe('on');
      expect((await platform.processes()).length).toBe(1);
      await powerOff(stage);
      await publish(stage);
      const [publication] = (await things(stage)).publications;
      await run('qemu-img', ['check', '-q', '-f', 'qcow2', publication?.path ?? '']);
      await removeAll(stage);
      expect(await platform.leftovers()).toEqual([]);
      await stage.session.close();
    }
  });
});

describe('a real operating system on the local connector', () => {
  it('boots, keeps what is written to it, and hears the power button', async () => {
    const disk = await buildDemoOs({ run });
    await using platform = await localTestPlatform();
    const stage = await stageOn(platform, { spec: { memory: '256Mi', network: 'user' } });
    const { connector, signal } = stage;
    await upload(stage, KEY, { ...disk, format: 'raw', composition: 'c-of-the-demo' });
    await finish(stage, () => connector.createMachine(KEY, WANT, signal));
    await powerOn(stage);
    const seen = await machine(stage);
    const line = await SerialConsole.open(seen?.serialSocket ?? '');
    expect(await line.sh('. /etc/os-release && echo "$ID"')).toEqual({
      code: 0,
      output: 'lamina-demo\n',
    });
    expect(await line.sh('ls -1 /sys/class/net')).toEqual({ code: 0, output: 'eth0\nlo\n' });
    await line.sh('echo kept > /var/lib/proof');
    expect((await machine(stage))?.heardAt).toBeGreaterThan(seen?.bootedAt ?? Infinity);
    expect((await connector.describe(KEY, signal)).lastLines.join('\n')).toContain(
      '/var/lib/proof',
    );
    await connector.power(KEY, { to: 'shutdown' }, signal);
    await until('the machine is off', async () => (await machine(stage))?.power === 'off');
    await powerOn(stage);
    const again = await SerialConsole.open(seen?.serialSocket ?? '');
    expect(await again.sh('cat /var/lib/proof')).toEqual({ code: 0, output: 'kept\n' });
    again.powerOff();
    await until('the machine is off', async () => (await machine(stage))?.power === 'off');
    await stage.session.close();
  });
});
