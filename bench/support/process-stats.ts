import { readFileSync, writeFileSync } from 'node:fs';

/** Linux counts processor time in hundredths of a second. */
const TICKS_PER_SECOND = 100;
/** The mark that makes the kernel forget the peak of a process. */
const FORGET_PEAK = '5';

/** A file of the kernel about processes; empty for one that is gone. */
function proc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return '';
  }
}

function statusMiB(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(proc(`${pid}/status`))?.[1];
  return Number(kilobytes ?? 0) / 1024;
}

/** Memory that a process has now. */
export function residentMiB(pid: number): number {
  return statusMiB(pid, 'VmRSS');
}

/** The most memory that a process ever had, or since the peak was forgotten. */
export function peakMiB(pid: number): number {
  return statusMiB(pid, 'VmHWM');
}

/** From now on the peak of a process of ours counts anew. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, FORGET_PEAK);
}

/** What a process used of the processors so far. */
export function cpuSeconds(pid: number): number {
  const stat = proc(`${pid}/stat`);
  // The name of the program stands in brackets and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user = 0, system = 0] = fields.slice(11, 13).map(Number);
  return (user + system) / TICKS_PER_SECOND;
}

/** Everything that a process started, and what that started. */
export function processesBelow(pid: number): readonly number[] {
  const children = proc(`${pid}/task/${pid}/children`).match(/\d+/g) ?? [];
  return children.map(Number).flatMap((child) => [child, ...processesBelow(child)]);
}
