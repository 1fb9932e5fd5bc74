import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connector } from '../../src/connectors/connector.ts';
import { Qmp } from '../../src/connectors/local/qmp.ts';
import { systemClock } from '../../src/host/clock.ts';
import { run } from '../../src/host/run.ts';
import { buildDemoOs } from '../support/demo-os/build.ts';
import { localPlatform, type LocalPlatform } from '../support/local-platform.ts';
import { describe, expect, it } from '../support/runner.ts';
import { SerialConsole } from '../support/serial-console.ts';
import { until } from '../support/until.ts';
import { connectorContract } from './connector.ts';

connectorContract('local', { open: () => localPlatform() });

const KEY = 'lamina-osl-demo-1-0badcafe-12345678';
const WANT = { displayName: 'Demo 1', purpose: 'packaging' } as const;
const { signal } = new AbortController();

async function start(connector: Connector, platform: LocalPlatform): Promise<void> {
  await connector.putDisk(KEY, platform.source, signal);
  await connector.createMachine(KEY, WANT, signal);
  await connector.power(KEY, 'on', signal);
}

/** Presses the button behind the connectors' back, until the guest has switched itself off. */
async function shutDownUnseen(platform: LocalPlatform): Promise<void> {
  const launch = await readFile(join(platform.machinesDir, KEY, 'launch.json'), 'utf8');
  const { qmp } = JSON.parse(launch) as { qmp: string };
  const monitor = await Qmp.open(qmp, { clock: systemClock, onEvent: () => undefined });
  await until('the guest is off', async () => {
    await monitor.execute('system_powerdown');
    const status = (await monitor.execute('query-status')) as { status: string };
    return status.status === 'shutdown';
  });
  monitor.close();
}

describe('the local connector, besides the contract', () => {
  it('learns of a power-off that nobody saw, and frees the image', async () => {
    await using platform = await localPlatform();
    const first = await platform.open();
    await start(first, platform);
    await first.close();
    await shutDownUnseen(platform);
    expect((await platform.processes()).length).toBe(1);
    const next = await platform.open();
    expect((await next.findMachine(KEY, signal))?.power).toBe('off');
    expect(await platform.processes()).toEqual([]);
    await next.snapshot(KEY, 'one', signal);
    await next.close();
  });

  it('leaves packaging machines on when it ends, or switches them off if so told', async () => {
    await using platform = await localPlatform();
    const keeps = await platform.openWith({ keepRunning: true });
    await start(keeps, platform);
    await keeps.close();
    expect((await platform.processes()).length).toBe(1);
    const ends = await platform.openWith({ keepRunning: false });
    expect((await ends.findMachine(KEY, signal))?.power).toBe('on');
    await ends.close();
    expect(await platform.processes()).toEqual([]);
  });

  it('is not deceived by a pid file that names another process', async () => {
    await using platform = await localPlatform();
    const connector = await platform.open();
    await start(connector, platform);
    await platform.crashMachine(KEY);
    await writeFile(join(platform.machinesDir, KEY, 'qemu.pid'), `${process.pid}\n`);
    expect((await connector.findMachine(KEY, signal))?.power).toBe('off');
    await connector.deleteMachine(KEY, signal);
    await connector.deleteDisk(KEY, signal);
    expect(await platform.leftovers()).toEqual([]);
    await connector.close();
  });

  it('does not touch a folder that it did not make', async () => {
    await using platform = await localPlatform();
    const connector = await platform.open();
    const folder = join(platform.machinesDir, KEY);
    await run('mkdir', [folder]);
    await writeFile(join(folder, 'thesis.doc'), 'years of work');
    const conflict = { consequence: 'Conflict' };
    await expect(connector.putDisk(KEY, platform.source, signal)).rejects.toMatchObject(conflict);
    await expect(connector.deleteDisk(KEY, signal)).rejects.toMatchObject(conflict);
    expect(await readFile(join(folder, 'thesis.doc'), 'utf8')).toBe('years of work');
    await connector.close();
  });

  it('says what QEMU said when a machine does not start', async () => {
    await using platform = await localPlatform();
    const connector = await platform.open();
    await connector.putDisk(KEY, platform.source, signal);
    await connector.createMachine(KEY, WANT, signal);
    await platform.removeSource();
    await expect(connector.power(KEY, 'on', signal)).rejects.toMatchObject({
      code: 'MachineNotStarted',
      message: expect.stringContaining('guest.raw'),
    });
    await connector.close();
  });

  it('loses and doubles nothing when its process is killed at any instant', async () => {
    await using platform = await localPlatform();
    const script = join(import.meta.dirname, '../support/local-controller.ts');
    const { machinesDir, runDir, source } = platform;
    for (let round = 0; round < 12; round += 1) {
      const args = [script, machinesDir, runDir, source.path, KEY];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      // Twelve instants spread over a life, which takes some 0.2 s.
      await delay(round * 17);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const connector = await platform.open();
      await start(connector, platform);
      expect((await connector.findMachine(KEY, signal))?.power).toBe('on');
      expect((await platform.processes()).length).toBe(1);
      await connector.power(KEY, 'off', signal);
      await connector.snapshot(KEY, 'one', signal);
      const { path } = (await connector.findSnapshot(KEY, 'one', signal)) ?? { path: '' };
      await run('qemu-img', ['check', '-q', '-f', 'qcow2', path]);
      await connector.deleteMachine(KEY, signal);
      await connector.deleteDisk(KEY, signal);
      await connector.deleteSnapshot(KEY, 'one', signal);
      expect(await platform.leftovers()).toEqual([]);
      await connector.close();
    }
  });
});

describe('a real operating system on the local connector', () => {
  it('boots, keeps what is written to it, and hears the power button', async () => {
    const disk = await buildDemoOs({ run });
    await using platform = await localPlatform();
    const connector = await platform.openWith({ memory: '256Mi', network: 'user' });
    await connector.putDisk(KEY, { ...disk, format: 'raw' }, signal);
    await connector.createMachine(KEY, WANT, signal);
    await connector.power(KEY, 'on', signal);
    const seen = await connector.findMachine(KEY, signal);
    const line = await SerialConsole.open(seen?.console.serialSocket ?? '');
    expect(await line.sh('. /etc/os-release && echo "$ID"')).toEqual({
      code: 0,
      output: 'lamina-demo\n',
    });
    expect(await line.sh('ls -1 /sys/class/net')).toEqual({ code: 0, output: 'eth0\nlo\n' });
    await line.sh('echo kept > /var/lib/proof');
    await connector.power(KEY, 'shutdown', signal);
    await until('the machine is off', async () => {
      return (await connector.findMachine(KEY, signal))?.power === 'off';
    });
    await connector.power(KEY, 'on', signal);
    const again = await SerialConsole.open(seen?.console.serialSocket ?? '');
    expect(await again.sh('cat /var/lib/proof')).toEqual({ code: 0, output: 'kept\n' });
    again.powerOff();
    await until('the machine is off', async () => {
      return (await connector.findMachine(KEY, signal))?.power === 'off';
    });
    await connector.close();
  });
});
