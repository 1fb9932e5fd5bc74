import { setTimeout as delay } from 'node:timers/promises';
import type { ApiRequest } from '../../src/core/transport.ts';
import type { Listening } from './installation.ts';
import { quantile } from './timing.ts';

/** No pass and no write for so long is rest. */
const REST_MS = 500;
const LOOK_MS = 25;

/** The passes of one controller. */
export interface Passes {
  readonly count: number;
  readonly meanMs: number;
  readonly p99Ms: number;
}

/** What happened in a process since it was last told to look. */
export interface Account {
  /** Until nothing happened any more, without the time that it took to be sure of it. */
  readonly seconds: number;
  /** What the process used of the processors. */
  readonly cpuSeconds: number;
  /** The longest time in which the process turned to nothing new, other programs' share included. */
  readonly stallMs: number;
  /** The longest time that its own work took without turning to something new. */
  readonly ownStallMs: number;
  readonly passes: Readonly<Record<string, Passes>>;
  /** Writes of the controllers by resource; a status counts as its object. */
  readonly writes: Readonly<Record<string, number>>;
}

/** What a process holds after everything was thrown away that could be. */
export interface Memory {
  readonly rssBytes: number;
  readonly heapBytes: number;
}

/** What this process holds. */
export function memoryNow(): Memory {
  globalThis.gc?.();
  const { rss: rssBytes, heapUsed: heapBytes } = process.memoryUsage();
  return { rssBytes, heapBytes };
}

const resourceIn = (path: string) => /\/namespaces\/[^/]+\/([a-z]+)/.exec(path)?.[1] ?? path;

/** The time, and what the thread that everything runs in has used of a processor. */
function turnNow() {
  const { user, system } = process.threadCpuUsage();
  return { wallMs: performance.now(), threadMs: (user + system) / 1000 };
}

function passesOf(times: readonly number[]): Passes {
  const { length: count } = times;
  const meanMs = times.reduce((sum, ms) => sum + ms, 0) / count;
  return { count, meanMs, p99Ms: quantile(times, 0.99) };
}

/** Watches the process that it lives in. */
export class Witness implements Listening {
  private readonly passes = new Map<string, number[]>();
  private readonly writes = new Map<string, number>();
  private cpu = process.cpuUsage();
  private begun = performance.now();
  private last = this.begun;

  private turn = turnNow();
  private stallMs = 0;
  private ownStallMs = 0;

  constructor() {
    setInterval(() => this.turned(), 1).unref();
  }

  /** As Node's own histogram of the event loop, which leaves out the first turn after a reset. */
  private turned(): void {
    const now = turnNow();
    this.stallMs = Math.max(this.stallMs, now.wallMs - this.turn.wallMs);
    this.ownStallMs = Math.max(this.ownStallMs, now.threadMs - this.turn.threadMs);
    this.turn = now;
  }

  wrote({ path }: ApiRequest): void {
    const resource = resourceIn(path);
    this.writes.set(resource, (this.writes.get(resource) ?? 0) + 1);
    this.last = performance.now();
  }

  passed(controller: string, ms: number): void {
    const times = this.passes.get(controller);
    if (times === undefined) this.passes.set(controller, [ms]);
    else times.push(ms);
    this.last = performance.now();
  }

  /** From now on. */
  look(): void {
    this.passes.clear();
    this.writes.clear();
    this.cpu = process.cpuUsage();
    this.begun = performance.now();
    this.last = this.begun;
    this.turn = turnNow();
    this.stallMs = 0;
    this.ownStallMs = 0;
  }

  /** Resolves when the controllers rest. */
  async rest(): Promise<void> {
    while (performance.now() - this.last < REST_MS) await delay(LOOK_MS);
  }

  tell(): Account {
    const { user, system } = process.cpuUsage(this.cpu);
    return {
      seconds: (this.last - this.begun) / 1000,
      cpuSeconds: (user + system) / 1e6,
      stallMs: this.stallMs,
      ownStallMs: this.ownStallMs,
      passes: Object.fromEntries([...this.passes].map(([name, all]) => [name, passesOf(all)])),
      writes: Object.fromEntries(this.writes),
    };
  }

  memory(): Memory {
    return memoryNow();
  }
}
