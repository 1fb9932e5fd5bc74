import { RECONCILE_BACKOFF, backoffMs } from '../core/backoff.ts';
import type { Clock, Random } from '../core/clock.ts';
import { Delays } from './delays.ts';
import { noMetrics, type HistogramName, type Metrics } from '../host/metrics.ts';

/** What a queue needs. */
export interface QueueOptions {
  /** Label of its metrics. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics?: Metrics;
}

/** Low is for the objects of a first list: an edit that comes meanwhile overtakes them. */
type Priority = 'normal' | 'low';

/** Keys to be worked on: each at most once in the queue, and never by two workers at a time. */
export interface WorkQueue {
  /** Now. A key that is being worked on comes again when that is done. */
  add(key: string, priority?: Priority): void;
  /** Later; the earliest of several times counts. */
  addAfter(key: string, delayMs: number): void;
  /** Counts a failure and comes again after its backoff. Returns the delay. */
  retry(key: string, atLeastMs?: number): number;
  /** Forgets the failures of a key. */
  forget(key: string): void;
  failures(key: string): number;
  isProcessing(key: string): boolean;
  /** The next key, or undefined after shutdown. Each must be followed by `done`. */
  next(): Promise<string | undefined>;
  done(key: string): void;
  /** Takes nothing more; resolves when the keys in work are done. */
  shutDown(): Promise<void>;
}

/** Makes an empty queue. */
export function workQueue(options: QueueOptions): WorkQueue {
  return new Queue(options);
}

class Queue implements WorkQueue {
  private readonly options: QueueOptions;
  private readonly metrics: Metrics;
  private readonly delays: Delays;
  private readonly ready: Record<Priority, Set<string>> = { normal: new Set(), low: new Set() };
  /** Keys in work, with when that began. */
  private readonly processing = new Map<string, number>();
  /** When the keys that are ready became so. */
  private readonly readySince = new Map<string, number>();
  /** Keys that were added again while they were in work. */
  private readonly dirty = new Map<string, Priority>();
  private readonly failed = new Map<string, number>();
  private readonly idle: ((key: string | undefined) => void)[] = [];
  private drained: PromiseWithResolvers<void> | undefined;

  constructor(options: QueueOptions) {
    this.options = options;
    this.metrics = options.metrics ?? noMetrics;
    this.delays = new Delays(options.clock, (key) => this.add(key));
    this.showGauges();
  }

  add(key: string, priority: Priority = 'normal'): void {
    if (this.drained !== undefined) return;
    if (this.processing.has(key)) {
      if (this.dirty.get(key) !== 'normal') this.dirty.set(key, priority);
      return;
    }
    if (this.ready.normal.has(key) || (priority === 'low' && this.ready.low.has(key))) return;
    this.count('workqueue_adds_total');
    this.ready.low.delete(key);
    this.ready[priority].add(key);
    if (!this.readySince.has(key)) this.readySince.set(key, this.options.clock.now());
    const worker = this.idle.shift();
    if (worker !== undefined) worker(this.take());
  }

  addAfter(key: string, delayMs: number): void {
    if (this.drained !== undefined) return;
    if (delayMs <= 0) this.add(key);
    else this.delays.add(key, delayMs);
  }

  retry(key: string, atLeastMs = 0): number {
    const count = this.failures(key) + 1;
    this.failed.set(key, count);
    this.count('workqueue_retries_total');
    const delayMs = Math.max(atLeastMs, backoffMs(RECONCILE_BACKOFF, count, this.options.random));
    this.addAfter(key, delayMs);
    return delayMs;
  }

  forget(key: string): void {
    this.failed.delete(key);
  }

  failures(key: string): number {
    return this.failed.get(key) ?? 0;
  }

  isProcessing(key: string): boolean {
    return this.processing.has(key);
  }

  next(): Promise<string | undefined> {
    if (this.drained !== undefined) return Promise.resolve(undefined);
    const key = this.take();
    if (key !== undefined) return Promise.resolve(key);
    return new Promise((resolve) => this.idle.push(resolve));
  }

  done(key: string): void {
    this.observe('workqueue_work_duration_seconds', this.processing.get(key));
    this.processing.delete(key);
    const again = this.dirty.get(key);
    this.dirty.delete(key);
    if (again !== undefined) this.add(key, again);
    if (this.processing.size === 0) this.drained?.resolve();
  }

  shutDown(): Promise<void> {
    if (this.drained !== undefined) return this.drained.promise;
    this.drained = Promise.withResolvers<void>();
    this.delays.stop();
    for (const worker of this.idle.splice(0)) worker(undefined);
    if (this.processing.size === 0) this.drained.resolve();
    return this.drained.promise;
  }

  private take(): string | undefined {
    for (const keys of [this.ready.normal, this.ready.low]) {
      for (const key of keys) {
        keys.delete(key);
        this.processing.set(key, this.options.clock.now());
        this.observe('workqueue_queue_duration_seconds', this.readySince.get(key));
        this.readySince.delete(key);
        // This pass sees everything that a later one was meant for.
        this.delays.drop(key);
        return key;
      }
    }
    return undefined;
  }

  private count(name: 'workqueue_adds_total' | 'workqueue_retries_total'): void {
    this.metrics.add(name, 1, { name: this.options.name });
  }

  private observe(name: HistogramName, since: number | undefined): void {
    if (since === undefined) return;
    this.metrics.observe(name, this.secondsSince(since), { name: this.options.name });
  }

  private secondsSince(since: number): number {
    return Math.max(0, this.options.clock.now() - since) / 1000;
  }

  private showGauges(): void {
    const labels = { name: this.options.name };
    const times = () => [...this.processing.values()].map((since) => this.secondsSince(since));
    this.metrics.gauge(
      'workqueue_depth',
      labels,
      () => this.ready.normal.size + this.ready.low.size,
    );
    this.metrics.gauge('workqueue_unfinished_work_seconds', labels, () =>
      times().reduce((sum, seconds) => sum + seconds, 0),
    );
    this.metrics.gauge('workqueue_longest_running_processor_seconds', labels, () =>
      Math.max(0, ...times()),
    );
    this.metrics.gauge(
      'controller_runtime_active_workers',
      { controller: this.options.name },
      () => this.processing.size,
    );
  }
}
