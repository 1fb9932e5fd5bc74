import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { codeOf, Failure, transient } from '../../core/failure.ts';
import { isMissing } from '../../host/files.ts';
import type { LaunchMarker } from './markers.ts';

/** A process may have much to write before it leaves; killing it then would damage the image. */
const WRITE_OUT_MS = 60_000;
const KILL_MS = 5_000;
const LOOK_EVERY_MS = 5;

const PF_EXITING = 0x4;

/** How a machine's process is found. */
export interface Traces {
  readonly uuid: string;
  readonly pidFile: string;
  readonly launch: LaunchMarker | undefined;
}

/** Only these mean that a process is gone; any other error means that nothing is known. */
function isGone(error: unknown): boolean {
  return isMissing(error) || codeOf(error) === 'ESRCH';
}

async function ifThere<Result>(
  read: Promise<Result>,
  otherwise: Result,
  isNone = isGone,
): Promise<Result> {
  try {
    return await read;
  } catch (error) {
    if (isNone(error)) return otherwise;
    throw error;
  }
}

async function readPid(pidFile: string): Promise<number | undefined> {
  const text = await ifThere(readFile(pidFile, 'utf8'), '', isMissing);
  return /^[1-9]\d{0,9}\s*$/.test(text) ? Number(text) : undefined;
}

/** True once QEMU itself wrote its pid file: it takes it away when it does not come up. */
export async function hasPidFile(pidFile: string): Promise<boolean> {
  return (await readPid(pidFile)) !== undefined;
}

/** The processes of this host, as far as they are machines. */
export class Processes {
  private readonly clock: Clock;
  private readonly proc: string;

  constructor(clock: Clock, proc = '/proc') {
    this.clock = clock;
    this.proc = proc;
  }

  /** The process of a machine as it is now. One that is just ending counts: it still holds the image. */
  async look(traces: Traces): Promise<number | undefined> {
    const { uuid, launch } = traces;
    const candidates = await this.candidates(traces);
    for (const pid of candidates) if (await this.isMachine(pid, uuid)) return pid;
    // Once its process was seen, a machine is known by that; nobody else is looked at.
    if (launch === undefined || launch.pid !== undefined) return undefined;
    return this.search(uuid);
  }

  /**
   * The process of a machine; undefined when it does not run. One that is just ending is waited for,
   * because whoever asks wants to use its disk.
   */
  async find(traces: Traces): Promise<number | undefined> {
    const { uuid } = traces;
    for (const pid of await this.candidates(traces)) {
      if (await this.isRunning(pid, uuid)) return pid;
      if (!(await this.endsWithin(KILL_MS, pid, uuid))) return pid;
    }
    return this.search(uuid);
  }

  /**
   * For how long a process has been running, by the kernel's own count, which nobody can set; undefined
   * for one that is gone.
   */
  async ageMs(pid: number): Promise<number | undefined> {
    const [text, uptime] = await Promise.all([
      ifThere(readFile(this.at(pid, 'stat'), 'utf8'), ''),
      readFile(join(this.proc, 'uptime'), 'utf8'),
    ]);
    // After the name in brackets; Linux counts in hundredths of a second for programs.
    const started = text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
    if (started === undefined) return undefined;
    return Math.max(0, Number.parseFloat(uptime) * 1000 - Number(started) * 10);
  }

  /** Waits until a process is gone; false if it is still there after this time. */
  async endsWithin(limitMs: number, pid: number, uuid: string): Promise<boolean> {
    const until = this.clock.elapsed() + limitMs;
    while (await this.isMachine(pid, uuid)) {
      if (this.clock.elapsed() > until) return false;
      await this.clock.sleep(LOOK_EVERY_MS);
    }
    return true;
  }

  /**
   * Asks QEMU to write its caches and leave, which also releases the lock of the image. False if it
   * takes longer than it should.
   */
  async quit(pid: number, uuid: string): Promise<boolean> {
    await this.send('SIGTERM', pid, uuid);
    return this.endsWithin(WRITE_OUT_MS, pid, uuid);
  }

  /** Ends a machine's process, by force if it does not obey. */
  async terminate(pid: number, uuid: string): Promise<void> {
    if (await this.quit(pid, uuid)) return;
    await this.send('SIGKILL', pid, uuid);
    if (await this.endsWithin(KILL_MS, pid, uuid)) return;
    throw transient('MachineNotEnded', `process ${pid} does not end`);
  }

  private async candidates({ pidFile, launch }: Traces): Promise<ReadonlySet<number>> {
    const pids = [await readPid(pidFile), launch?.pid];
    return new Set(pids.filter((pid) => pid !== undefined));
  }

  /** True while this process id is a QEMU with our UUID; pid files lie after a reboot. */
  private async isMachine(pid: number, uuid: string): Promise<boolean> {
    return (await this.isRunning(pid, uuid)) || this.isEnding(pid);
  }

  private async isRunning(pid: number, uuid: string): Promise<boolean> {
    const text = await ifThere(readFile(this.at(pid, 'cmdline'), 'utf8'), '');
    const words = text.split('\0');
    const at = words.indexOf('-uuid');
    return at >= 0 && words[at + 1] === uuid;
  }

  /**
   * True for a process on its way out. Its command line is gone before its files are closed, and with
   * them the lock of the image; its first thread may be gone before the others.
   */
  private async isEnding(pid: number): Promise<boolean> {
    const text = await ifThere(readFile(this.at(pid, 'stat'), 'utf8'), '');
    // After the name in brackets: state, parent, group, session, terminal, its group, flags.
    const [state, , , , , , flags] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if ((Number(flags) & PF_EXITING) === 0) return false;
    if (state !== 'Z' && state !== 'X') return true;
    return (await ifThere(readdir(this.at(pid, 'task')), [])).length > 1;
  }

  /** Looks at every process: one that was just started has no pid file yet. */
  private async search(uuid: string): Promise<number | undefined> {
    const pids = (await readdir(this.proc)).filter((name) => /^\d+$/.test(name)).map(Number);
    const ours = await Promise.all(pids.map((pid) => this.isFound(pid, uuid)));
    return pids.find((_, i) => ours[i] === true);
  }

  private async isFound(pid: number, uuid: string): Promise<boolean> {
    try {
      return await this.isRunning(pid, uuid);
    } catch (error) {
      // Where processes of others are hidden, only those of others are.
      if (!['EACCES', 'EPERM'].includes(String(codeOf(error)))) throw error;
      const owner = await ifThere(
        stat(this.at(pid, '')).then(({ uid }) => uid),
        -1,
      );
      if (owner !== process.geteuid?.()) return false;
      throw error;
    }
  }

  private async send(signal: 'SIGTERM' | 'SIGKILL', pid: number, uuid: string): Promise<void> {
    if (!(await this.isRunning(pid, uuid))) return;
    try {
      process.kill(pid, signal);
    } catch {
      // Gone in the meantime; the caller looks again.
    }
  }

  private at(pid: number, name: string): string {
    return join(this.proc, String(pid), name);
  }
}

/** The failure of a QEMU that did not come up, with its last words. */
export async function startFailure(key: string, why: string, logFile: string): Promise<Failure> {
  const words = await readFile(logFile, 'utf8').catch(() => '');
  const locked = words.includes('Failed to get "write" lock');
  return new Failure({
    consequence: locked ? 'Busy' : 'Transient',
    code: locked ? 'DiskLocked' : 'MachineNotStarted',
    message: `${key} did not start: ${why}: ${words.trim().slice(-1000)}`,
  });
}
