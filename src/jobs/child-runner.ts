import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../host/log.ts';
import { startChild, type Child, type ChildOptions } from './child.ts';
import type { JobRunner, JobSpec, JobState } from './spec.ts';

/** How jobs are run on this machine. */
export interface ChildRunnerOptions {
  /** Where job processes are started. */
  readonly workDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** This program by default. */
  readonly nodePath?: string;
  /** The entry of a job's process; `src/main/worker` by default. */
  readonly workerPath?: string;
  /** Jobs that run at the same time; 2 by default, the others wait. */
  readonly concurrency?: number;
  /** Most memory of one job process; 2048 by default. */
  readonly memoryMb?: number;
  /** Longest run time of one job; 12 hours by default. */
  readonly timeoutMs?: number;
  /** Variables that jobs get besides PATH, such as those of a proxy. */
  readonly env?: Readonly<Record<string, string>>;
}

interface Entry {
  readonly spec: JobSpec;
  state: JobState;
  child?: Child;
}

// As this file: .ts from source, .js when published.
const WORKER = join(import.meta.dirname, `../main/worker${import.meta.filename.slice(-3)}`);

class ChildRunner implements JobRunner {
  private readonly jobs = new Map<string, Entry>();
  private readonly waiting: string[] = [];
  private readonly watchers = new Set<(name: string) => void>();
  private readonly options: ChildOptions;
  private readonly slots: number;
  private running = 0;
  private closed = false;

  constructor(options: ChildOptions, slots: number) {
    this.options = options;
    this.slots = slots;
  }

  start(name: string, spec: JobSpec): Promise<void> {
    const known = this.jobs.get(name);
    if (this.closed || (known !== undefined && known.state.state !== 'failed')) {
      return Promise.resolve();
    }
    const state = { state: 'running', step: 'Waiting for other jobs', percent: 0 } as const;
    this.jobs.set(name, { spec, state });
    this.waiting.push(name);
    this.fill();
    return Promise.resolve();
  }

  look(name: string): JobState | undefined {
    return this.jobs.get(name)?.state;
  }

  async forget(name: string): Promise<void> {
    const entry = this.jobs.get(name);
    this.jobs.delete(name);
    const place = this.waiting.indexOf(name);
    if (place >= 0) this.waiting.splice(place, 1);
    await entry?.child?.kill();
  }

  watch(changed: (name: string) => void): () => void {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.waiting.length = 0;
    this.watchers.clear();
    await Promise.all([...this.jobs.values()].map(async ({ child }) => child?.kill()));
  }

  private fill(): void {
    while (this.running < this.slots) {
      const name = this.waiting.shift();
      if (name === undefined) return;
      const entry = this.jobs.get(name);
      if (entry !== undefined) this.launch(name, entry);
    }
  }

  private launch(name: string, entry: Entry): void {
    this.running += 1;
    const child = startChild(name, entry.spec, {
      ...this.options,
      onProgress: (step, percent) => this.change(name, entry, { state: 'running', step, percent }),
    });
    entry.child = child;
    this.change(name, entry, { state: 'running', step: 'Starting', percent: 0 });
    void child.ended.then((state) => {
      this.running -= 1;
      delete entry.child;
      this.change(name, entry, state);
      this.fill();
    });
  }

  /** A job that was forgotten has no state any more, even if its process still ends. */
  private change(name: string, entry: Entry, state: JobState): void {
    if (this.jobs.get(name) !== entry) return;
    entry.state = state;
    for (const changed of this.watchers) changed(name);
  }
}

/** Runs each job in a process of its own, with limits on memory and time. */
export function childRunner(options: ChildRunnerOptions): JobRunner {
  const { nodePath = process.execPath, workerPath = WORKER, env = {} } = options;
  const { workDir, clock, log, concurrency = 2, memoryMb = 2048, timeoutMs = 43_200_000 } = options;
  const child = { nodePath, workerPath, workDir, clock, log, memoryMb, timeoutMs, env };
  return new ChildRunner(child, concurrency);
}
