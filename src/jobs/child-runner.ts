import { join } from 'node:path';
import type { Clock, Random } from '../core/clock.ts';
import { failureData } from '../core/failure.ts';
import type { Log } from '../host/log.ts';
import { noMetrics, type Metrics } from '../host/metrics.ts';
import { Alarm } from './alarm.ts';
import { startChild, type Child, type ChildOptions, type JobEnd } from './child.ts';
import { counting, forgetAt, pastOf, stateOf, NamesByKey, type Past } from './job-memory.ts';
import { jobName, JOB_KINDS, type JobRunner, type JobSpec, type JobState } from './spec.ts';
import type { WorkerConfig } from './worker-config.ts';

/** How jobs are run on this machine. */
export interface ChildRunnerOptions {
  /** What the processes of jobs are told; they are started in its work folder. */
  readonly worker: WorkerConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics?: Metrics;
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

interface Active {
  readonly name: string;
  readonly spec: JobSpec;
  readonly before: Past | undefined;
  state: JobState;
  child?: Child;
  /** When its process was started. */
  launchedAt?: number;
  /** Nothing of it is remembered when its process has ended. */
  cancelled: boolean;
}

// As this file: .ts from source, .js when published.
const WORKER = join(import.meta.dirname, `../main/worker${import.meta.filename.slice(-3)}`);

function running(before: Past | undefined, step: string, percent: number): JobState {
  const after = before?.failure;
  return { state: 'running', step, percent, ...(after === undefined ? {} : { after }) };
}

interface RunnerParts {
  readonly random: Random;
  readonly slots: number;
  readonly metrics: Metrics;
}

/** Every job is in at most one place: delayed, waiting or launched while it is active; else in the past. */
class ChildRunner implements JobRunner {
  private readonly active = new Map<string, Active>();
  private readonly past = new Map<string, Past>();
  private readonly names = new NamesByKey();
  /** Asked for before its time. */
  private readonly delayed = new Map<Active, number>();
  private readonly waiting = new Set<Active>();
  /** Failed jobs whose time to be tried again nobody was told yet. */
  private readonly untold = new Set<string>();
  private readonly watchers = new Set<(key: string) => void>();
  private readonly options: ChildOptions;
  private readonly random: Random;
  private readonly slots: number;
  private readonly metrics: Metrics;
  private readonly alarm: Alarm;
  private launched = 0;
  private closed = false;

  constructor(options: ChildOptions, { random, slots, metrics }: RunnerParts) {
    this.options = options;
    this.random = random;
    this.slots = slots;
    this.metrics = metrics;
    for (const kind of JOB_KINDS) {
      metrics.gauge('lamina_jobs_running', { kind }, () => this.countRunning(kind));
    }
    this.alarm = new Alarm(options.clock, () => this.ring());
  }

  start(spec: JobSpec): Promise<void> {
    const name = jobName(spec);
    const now = this.options.clock.elapsed();
    const before = counting(this.past.get(name), now);
    const at = before?.retryAt ?? now;
    const isEarly = before?.failure !== undefined && at > now;
    if (!this.closed && !this.active.has(name) && !isEarly) {
      const state = running(
        before,
        at > now ? 'Waiting to run again' : 'Waiting for other jobs',
        0,
      );
      this.admit({ name, spec, before, state, cancelled: false }, at);
    }
    return Promise.resolve();
  }

  look(spec: JobSpec): JobState | undefined {
    const name = jobName(spec);
    const past = this.past.get(name);
    return (
      this.active.get(name)?.state ??
      (past === undefined ? undefined : stateOf(past, this.options.clock))
    );
  }

  isBusy(key: string): boolean {
    return this.names.of(key).some((name) => this.active.has(name));
  }

  isKnown(key: string): boolean {
    return this.names.of(key).length > 0;
  }

  async cancel(key: string): Promise<void> {
    // Somebody may start another one meanwhile; it ends as well.
    for (let names = this.names.of(key); names.length > 0; names = this.names.of(key)) {
      await Promise.all(names.map((name) => this.drop(name)));
    }
    this.tell(key);
  }

  watch(changed: (key: string) => void): () => void {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.alarm.silence();
    this.watchers.clear();
    await Promise.all([...this.active.keys()].map((name) => this.drop(name)));
  }

  private admit(entry: Active, at: number): void {
    const { name, spec } = entry;
    this.past.delete(name);
    this.untold.delete(name);
    this.active.set(name, entry);
    this.names.add(spec.key, name);
    if (at > this.options.clock.elapsed()) {
      this.delayed.set(entry, at);
      this.alarm.notAfter(at);
    } else {
      this.waiting.add(entry);
      this.fill();
    }
  }

  private fill(): void {
    for (const entry of this.waiting) {
      if (this.launched >= this.slots) return;
      this.waiting.delete(entry);
      this.launch(entry);
    }
  }

  private launch(entry: Active): void {
    const { name, spec, before } = entry;
    this.launched += 1;
    entry.launchedAt = this.options.clock.now();
    try {
      const child = startChild(name, spec, {
        ...this.options,
        onProgress: (step, percent) => this.show(entry, running(before, step, percent)),
      });
      entry.child = child;
      this.show(entry, running(before, 'Starting', 0));
      void child.ended.then((end) => this.ended(entry, end));
    } catch (error) {
      this.ended(entry, failureData(error));
    }
  }

  private show(entry: Active, state: JobState): void {
    entry.state = state;
    this.tell(entry.spec.key);
  }

  private ended(entry: Active, failure: JobEnd): void {
    const { name, spec, before, cancelled } = entry;
    const { key } = spec;
    this.launched -= 1;
    this.active.delete(name);
    this.measure(entry, failure);
    if (cancelled) this.names.remove(key, name);
    else
      this.remember(
        name,
        pastOf({ key, failure, now: this.options.clock.elapsed() }, before, this.random),
      );
    this.tell(key);
    this.fill();
  }

  private measure({ spec, launchedAt, cancelled }: Active, failure: JobEnd): void {
    const now = this.options.clock.now();
    const seconds = Math.max(0, now - (launchedAt ?? now)) / 1000;
    const result = cancelled ? 'cancelled' : failure === undefined ? 'done' : 'failed';
    this.metrics.observe('lamina_job_duration_seconds', seconds, { kind: spec.kind, result });
  }

  private countRunning(kind: string): number {
    const running = [...this.active.values()].filter(({ child }) => child !== undefined);
    return running.filter(({ spec }) => spec.kind === kind).length;
  }

  private remember(name: string, past: Past): void {
    this.past.set(name, past);
    if (past.failure !== undefined) {
      this.untold.add(name);
      this.alarm.notAfter(past.retryAt);
    }
    this.alarm.notAfter(forgetAt(past));
  }

  private forget(name: string, { key }: Past): void {
    this.past.delete(name);
    this.untold.delete(name);
    this.names.remove(key, name);
  }

  /** Ends and forgets one job; resolves when it does not run. */
  private async drop(name: string): Promise<void> {
    const past = this.past.get(name);
    if (past !== undefined) this.forget(name, past);
    const entry = this.active.get(name);
    if (entry === undefined) return;
    entry.cancelled = true;
    if (entry.child !== undefined) return entry.child.kill();
    this.delayed.delete(entry);
    this.waiting.delete(entry);
    this.active.delete(name);
    this.names.remove(entry.spec.key, name);
  }

  /** Does all that is due, and sets the alarm for all that is not. */
  private ring(): void {
    const now = this.options.clock.elapsed();
    for (const [entry, at] of this.delayed) {
      if (this.isDue(at, now) && this.delayed.delete(entry)) this.waiting.add(entry);
    }
    for (const [name, past] of this.past) {
      if (this.isDue(forgetAt(past), now)) this.forget(name, past);
    }
    const due = [...this.untold].filter((name) =>
      this.isDue(this.past.get(name)?.retryAt ?? Infinity, now),
    );
    for (const name of due) this.untold.delete(name);
    this.fill();
    for (const key of due.map((name) => this.past.get(name)?.key)) {
      if (key !== undefined) this.tell(key);
    }
  }

  private isDue(at: number, now: number): boolean {
    if (at > now) this.alarm.notAfter(at);
    return at <= now;
  }

  private tell(key: string): void {
    for (const changed of this.watchers) changed(key);
  }
}

/** Runs each job in a process of its own, with limits on memory and time. */
export function childRunner(options: ChildRunnerOptions): JobRunner {
  const { nodePath = process.execPath, workerPath = WORKER, env = {} } = options;
  const { worker, clock, log, concurrency = 2, memoryMb = 2048, timeoutMs = 43_200_000 } = options;
  const child = { nodePath, workerPath, worker, clock, log, memoryMb, timeoutMs, env };
  const { random, metrics = noMetrics } = options;
  return new ChildRunner(child, { random, slots: concurrency, metrics });
}
