import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../src/core/clock.ts';

const LOOK_MS = 1;
const LONGEST_LIFE_MS = 40;

/** What a process file says; nothing for a process that is gone. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const lists = tasks.map((task) => read(`/proc/${pid}/task/${task}/children`));
    return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
  } catch {
    return [];
  }
}

function below(pid: number): readonly number[] {
  return childrenOf(pid).flatMap((child) => [child, ...below(child)]);
}

/** The program of a process, or the script that it runs. */
function nameOf(pid: number): string {
  const words = read(`/proc/${pid}/cmdline`).split('\0');
  return basename(words.find((word) => word.endsWith('worker.ts')) ?? words[0] ?? '');
}

/** Kills programs below a process, as a host does that has no memory left: at any moment, so many of each name. */
export class Killer {
  /** Names of what was killed, in order. */
  readonly killed: string[] = [];
  private readonly root: number;
  private readonly left: Map<string, number>;
  private readonly random: Random;
  private readonly over = new AbortController();
  private readonly spared = new Set<number>();
  private readonly working: Promise<void>;

  constructor(root: number, most: Readonly<Record<string, number>>, random: Random) {
    this.root = root;
    this.left = new Map(Object.entries(most));
    this.random = random;
    this.working = this.work();
  }

  /** Lets all that still runs live. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.over.abort();
    await this.working;
  }

  private async work(): Promise<void> {
    while (!this.over.signal.aborted) {
      for (const pid of below(this.root)) {
        const name = nameOf(pid);
        if (this.spared.has(pid) || (this.left.get(name) ?? 0) === 0) continue;
        this.spared.add(pid);
        void this.end(pid, name);
      }
      await delay(LOOK_MS);
    }
  }

  /** Some at once, since many programs need no longer than that; some in the middle of their work. */
  private async end(pid: number, name: string): Promise<void> {
    const lives = this.random() * 2 - 1;
    if (lives > 0) await delay(lives * LONGEST_LIFE_MS);
    if (this.over.signal.aborted || nameOf(pid) !== name || !below(this.root).includes(pid)) return;
    const left = this.left.get(name) ?? 0;
    if (left === 0) return;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself in this very moment.
      return;
    }
    this.left.set(name, left - 1);
    this.killed.push(name);
  }
}
