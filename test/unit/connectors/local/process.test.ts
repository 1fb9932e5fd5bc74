import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Processes } from '../../../../src/connectors/local/process.ts';
import { ManualClock } from '../../../support/clock.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { describe, expect, it } from '../../../support/runner.ts';

const UUID = '11111111-2222-4333-8444-555555555555';
const EXITING = 0x4;
const sockets = { qmp: '', serial: '', vnc: '' };
const started = { ...sockets, poweredOnAt: 1, state: 'started', pid: 7 } as const;
const starting = { ...sockets, poweredOnAt: 1, state: 'starting' } as const;

/** A `/proc` of files. What it says of a process is what a test writes. */
async function fakeProc() {
  const folder = await temporaryFolder();
  const at = (pid: number, name = ''): string => join(folder.path, String(pid), name);
  return {
    processes: new Processes(new ManualClock(), folder.path),
    pidFile: join(folder.path, 'qemu.pid'),
    /** A process with a command line, or on its way out without one. */
    add: async (pid: number, cmdline: string, flags = 0): Promise<void> => {
      await mkdir(at(pid, 'task/1'), { recursive: true });
      await mkdir(at(pid, 'task/2'), { recursive: true });
      await writeFile(at(pid, 'cmdline'), cmdline.replaceAll(' ', '\0'));
      await writeFile(at(pid, 'stat'), `${pid} (a b) c) S 1 1 1 0 -1 ${flags} 0 0`);
    },
    /** Its files cannot be read, for a reason other than that they are not there. */
    break: async (pid: number): Promise<void> => {
      await mkdir(at(pid, 'cmdline'), { recursive: true });
    },
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

describe('the process of a machine', () => {
  it('is seen by the pid of its record or of its pid file', async () => {
    await using proc = await fakeProc();
    const { processes, pidFile } = proc;
    await proc.add(7, `qemu -uuid ${UUID}`);
    expect(await processes.look({ uuid: UUID, pidFile, launch: started })).toBe(7);
    await writeFile(pidFile, '7\n');
    expect(await processes.look({ uuid: UUID, pidFile, launch: undefined })).toBe(7);
    await proc.add(7, 'another program');
    expect(await processes.look({ uuid: UUID, pidFile, launch: started })).toBeUndefined();
  });

  it('is searched for only while no process of it was seen', async () => {
    await using proc = await fakeProc();
    const { processes, pidFile } = proc;
    await proc.add(8, `qemu -uuid ${UUID}`);
    expect(await processes.look({ uuid: UUID, pidFile, launch: starting })).toBe(8);
    expect(await processes.look({ uuid: UUID, pidFile, launch: started })).toBeUndefined();
    expect(await processes.find({ uuid: UUID, pidFile, launch: started })).toBe(8);
  });

  it('counts while it ends, because it still holds the image, and nobody waits', async () => {
    await using proc = await fakeProc();
    const { processes, pidFile } = proc;
    await proc.add(7, '', EXITING);
    // The clock stands still: whoever waited would wait for ever.
    expect(await processes.look({ uuid: UUID, pidFile, launch: started })).toBe(7);
  });

  it.each([
    { why: 'of the process that is known', launch: started },
    { why: 'of any, while it is searched for', launch: starting },
  ])('is unknown, not gone, when files cannot be read $why', async ({ launch }) => {
    await using proc = await fakeProc();
    const { processes, pidFile } = proc;
    await proc.break(7);
    const traces = { uuid: UUID, pidFile, launch };
    await expect(processes.look(traces)).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(processes.find(traces)).rejects.toMatchObject({ code: 'EISDIR' });
  });

  it('is gone when its files are', async () => {
    await using proc = await fakeProc();
    const { processes, pidFile } = proc;
    expect(await processes.look({ uuid: UUID, pidFile, launch: started })).toBeUndefined();
    expect(await processes.find({ uuid: UUID, pidFile, launch: started })).toBeUndefined();
  });
});
