import { run } from '../../src/host/run.ts';
import { buildDemoOs } from '../support/demo-os/build.ts';
import { localTestPlatform } from '../support/local-platform.ts';
import { describe, expect, it } from '../support/runner.ts';
import { SerialConsole } from '../support/serial-console.ts';
import { SmallDisk, whyNoSmallDisk } from '../support/small-disk.ts';
import { until } from '../support/until.ts';
import { finish, KEY, machine, powerOn, upload, WANT, type Stage } from './stage.ts';

const reason = await whyNoSmallDisk();
const title = reason === undefined ? 'a machine on a full disk' : `skipped: ${reason}`;

(reason === undefined ? describe : describe.skip)(title, () => {
  it('pauses, says so, and goes on by itself when there is room', async () => {
    const disk = await buildDemoOs({ run });
    await using platform = await localTestPlatform();
    await using small = await SmallDisk.mount(platform.machinesDir, { kibibytes: 400_000 });
    const opened = await platform.open({ spec: { memory: '256Mi' } });
    const { signal } = new AbortController();
    const stage: Stage = { ...opened, platform, signal, folder: platform.sources };
    const { connector } = stage;
    await upload(stage, KEY, { ...disk, format: 'raw', composition: 'c-of-the-demo' });
    await finish(stage, () => connector.createMachine(KEY, WANT, signal));
    await powerOn(stage);
    const line = await SerialConsole.open((await machine(stage))?.serialSocket ?? '');
    expect((await line.sh('echo up')).output).toBe('up\n');
    const { stdout } = await run('df', ['--output=used', '-k', small.path]);
    const used = Number(/\d+/.exec(stdout)?.[0]);
    expect(await small.resize({ kibibytes: used + 2000 })).toBe(true);

    const words = async () => (await machine(stage))?.text ?? '';
    const written = line.sh('seq 1000000 > /root/big && sync && md5sum < /root/big');
    await until('it is paused', async () => (await words()).includes('is full: free space'));
    // It tries again and again, and stays paused.
    await new Promise((resolve) => setTimeout(resolve, 6000));
    expect(await words()).toContain('is full: free space');
    expect((await machine(stage))?.power).toBe('on');

    await small.resize({ kibibytes: used + 60_000 });
    const judge = await run('sh', ['-c', 'seq 1000000 | md5sum']);
    expect(await written).toEqual({ code: 0, output: judge.stdout });
    await until('nobody says so any more', async () => !(await words()).includes('is full'));
    await stage.session.close();
  });
});
