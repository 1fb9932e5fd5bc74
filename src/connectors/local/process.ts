import { readdir, readFile } from 'node:fs/promises';
import type { Clock } from '../../core/clock.ts';
import { Failure, transient } from '../../core/failure.ts';
import { isMissing } from '../../host/files.ts';

/** A process may have much to write before it leaves; killing it then would damage the image. */
const WRITE_OUT_MS = 60_000;
const KILL_MS = 5_000;
const LOOK_EVERY_MS = 5;

const PF_EXITING = 0x4;

/**
 * True for a process on its way out. Its command line is gone before its files are closed, and with
 * them the lock of the image; its first thread may be gone before the others.
 */
async function isEnding(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // After the name in brackets: state, parent, group, session, terminal, its group, flags.
  const [state, , , , , , flags] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if ((Number(flags) & PF_EXITING) === 0) return false;
  if (state !== 'Z' && state !== 'X') return true;
  return (await readdir(`/proc/${pid}/task`).catch(() => [])).length > 1;
}

async function isRunning(pid: number, uuid: string): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const words = text.split('\0');
  const at = words.indexOf('-uuid');
  return at >= 0 && words[at + 1] === uuid;
}

/** True while this process id is a QEMU with our UUID; pid files lie after a reboot. */
async function isMachine(pid: number, uuid: string): Promise<boolean> {
  return (await isRunning(pid, uuid)) || isEnding(pid);
}

/** Looks at every process: one that was just started has no pid file yet. */
async function searchProcess(uuid: string): Promise<number | undefined> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const ours = await Promise.all(pids.map((pid) => isRunning(pid, uuid)));
  return pids.find((_, i) => ours[i] === true);
}

async function readPid(pidFile: string): Promise<number | undefined> {
  try {
    const text = await readFile(pidFile, 'utf8');
    return /^[1-9]\d{0,9}\s*$/.test(text) ? Number(text) : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * The process of a machine; undefined when it does not run. One that is just ending is waited for,
 * because whoever asks may want to use its disk.
 */
export async function findProcess(
  pidFile: string,
  uuid: string,
  clock: Clock,
): Promise<number | undefined> {
  const pid = await readPid(pidFile);
  if (pid !== undefined && (await isRunning(pid, uuid))) return pid;
  if (pid !== undefined && !(await endsWithin(KILL_MS, pid, uuid, clock))) return pid;
  return searchProcess(uuid);
}

/** Waits until a process is gone; false if it is still there after this time. */
export async function endsWithin(
  limitMs: number,
  pid: number,
  uuid: string,
  clock: Clock,
): Promise<boolean> {
  const until = clock.now() + limitMs;
  while (await isMachine(pid, uuid)) {
    if (clock.now() > until) return false;
    await clock.sleep(LOOK_EVERY_MS);
  }
  return true;
}

async function send(signal: 'SIGTERM' | 'SIGKILL', pid: number, uuid: string): Promise<void> {
  if (!(await isRunning(pid, uuid))) return;
  try {
    process.kill(pid, signal);
  } catch {
    // Gone in the meantime; the caller looks again.
  }
}

/**
 * Asks QEMU to write its caches and leave, which also releases the lock of the image. False if it
 * takes longer than it should.
 */
export async function quit(pid: number, uuid: string, clock: Clock): Promise<boolean> {
  await send('SIGTERM', pid, uuid);
  return endsWithin(WRITE_OUT_MS, pid, uuid, clock);
}

/** Ends a machine's process, by force if it does not obey. */
export async function terminate(pid: number, uuid: string, clock: Clock): Promise<void> {
  if (await quit(pid, uuid, clock)) return;
  await send('SIGKILL', pid, uuid);
  if (await endsWithin(KILL_MS, pid, uuid, clock)) return;
  throw transient('MachineNotEnded', `process ${pid} does not end`);
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
