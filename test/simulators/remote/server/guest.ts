import { spawn, type ChildProcess } from 'node:child_process';
import { plainEnvironment } from '../../../../src/host/run.ts';
import { Refused } from './refused.ts';

/** What a machine is run with. */
export interface GuestWanted {
  readonly name: string;
  readonly disk: string;
  readonly memoryMiB: number;
  readonly serialSocket: string;
}

function qemuArgs({ name, disk, memoryMiB, serialSocket }: GuestWanted): readonly string[] {
  const file = { driver: 'file', filename: disk };
  return [
    ['-name', name, '-nodefaults', '-no-user-config', '-display', 'none', '-nic', 'none'],
    ['-machine', 'q35', '-accel', 'tcg', '-cpu', 'max', '-m', String(memoryMiB), '-smp', '1'],
    ['-blockdev', JSON.stringify({ driver: 'qcow2', 'node-name': 'disk', discard: 'unmap', file })],
    ['-device', 'virtio-blk-pci,drive=disk,bootindex=0'],
    ['-chardev', `socket,id=tty,path=${serialSocket},server=on,wait=off`, '-serial', 'chardev:tty'],
    ['-chardev', 'stdio,id=qmp,signal=off', '-mon', 'chardev=qmp,mode=control'],
  ].flat();
}

/** A machine that is on: a QEMU which ends when its guest switches itself off, or when we end. */
export class Guest {
  /** True if the machine was switched off, false if it crashed. */
  readonly ended: Promise<boolean>;
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
    this.ended = new Promise((resolve) => {
      child.on('exit', (code) => resolve(code === 0));
      child.on('error', () => resolve(false));
    });
  }

  /** Resolves when the machine runs. */
  static async start(wanted: GuestWanted): Promise<Guest> {
    // A platform that is killed takes its machines with it.
    const command = ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...qemuArgs(wanted)];
    const child = spawn('setpriv', command, { stdio: 'pipe', env: plainEnvironment() });
    const guest = new Guest(child);
    let words = '';
    child.stderr.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString('utf8')).slice(-2000);
    });
    child.stdin.on('error', () => undefined);
    const speaks = new Promise<boolean>((resolve) => {
      child.stdout.on('data', () => resolve(true));
    });
    if (!(await Promise.race([speaks, guest.ended.then(() => false)]))) {
      throw new Refused('Broken', `the machine did not start: ${words.trim()}`);
    }
    guest.say('qmp_capabilities');
    return guest;
  }

  /** The guest may not hear it. */
  pressButton(): void {
    this.say('system_powerdown');
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    await this.ended;
  }

  async crash(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  private say(execute: string): void {
    this.child.stdin?.write(`${JSON.stringify({ execute })}\n`);
  }
}
