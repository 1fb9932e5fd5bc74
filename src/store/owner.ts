import { codeOf } from '../core/failure.ts';
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process, told apart from any other that has or had its number. Linux only, by `/proc`. */
export interface Owner {
  /** Host, boot and process namespace: only inside one of these do numbers mean anything. */
  readonly host: string;
  readonly pid: number;
  /** Start time in clock ticks since boot. */
  readonly start: string;
}

interface Stat {
  readonly start: string;
  /** Killed, but not yet reaped by its parent. */
  readonly ended: boolean;
}

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in brackets may hold anything; the fields after its last bracket are regular.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state, start] = [fields[0], fields[19]];
    return start === undefined ? undefined : { start, ended: state === 'Z' || state === 'X' };
  } catch {
    return undefined;
  }
}

function answers(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function hostId(): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  const place = `${hostname()} ${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  return createHash('sha256').update(place).digest('hex').slice(0, 16);
}

const NAMED = /(?:^|\.)([0-9a-f]{16})-(\d+)-(\d+)-[0-9a-f-]{36}/;

/** A name that nobody else gives, and that tells who gave it: leftovers of the dead are known by it. */
export function ownedName(): string {
  const { host, pid, start } = thisProcess();
  return `${host}-${pid}-${start}-${randomUUID()}`;
}

/** Who gave a file its name, if the name tells. */
export function ownerOfName(name: string): Owner | undefined {
  const [, host, pid, start] = NAMED.exec(name) ?? [];
  if (host === undefined || pid === undefined || start === undefined) return undefined;
  return { host, pid: Number(pid), start };
}

let self: Owner | undefined;

/** This process. */
export function thisProcess(): Owner {
  self ??= { host: hostId(), pid: process.pid, start: statOf(process.pid)?.start ?? '' };
  return self;
}

/** Whether an owner still runs; `unknown` when it belongs to another host. */
export function livenessOf(owner: Owner): 'running' | 'gone' | 'unknown' {
  if (owner.host !== thisProcess().host) return 'unknown';
  const stat = statOf(owner.pid);
  if (stat !== undefined) return stat.start === owner.start && !stat.ended ? 'running' : 'gone';
  // Some systems hide the processes of other users from /proc; a signal still finds them.
  return answers(owner.pid) ? 'running' : 'gone';
}
