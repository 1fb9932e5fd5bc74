import type { ApiObject } from '../api/object.ts';
import { backoffMs } from '../core/backoff.ts';
import type { Clock, Random } from '../core/clock.ts';
import { Failure, messageOf, type FailureData } from '../core/failure.ts';
import { jsonEqual } from '../core/json.ts';
import type { Log } from '../host/log.ts';
import { turnOver } from '../host/turn.ts';
import type { Cache, Change } from './cache.ts';
import type { KubeClient } from './client.ts';
import { eventRecorder, type EventRecorder } from './events.ts';
import { KeyMemory } from './key-memory.ts';
import { noMetrics, type CounterName, type MetricLabels, type Metrics } from '../host/metrics.ts';
import { Pass, type PassEnd, type PassOptions } from './pass.ts';
import { workQueue, type WorkQueue } from './queue.ts';
import type { Reconciler } from './reconciler.ts';
import {
  definitionOf,
  keyOfObject,
  partsOfKey,
  type KubeObject,
  type Resource,
} from './resource.ts';
import { statusWriter } from './status-writer.ts';

/** What was denied is tried again this late: its cure lies outside, and nobody tells us of it. */
const DENIED_RECHECK_MS = 300_000;
/** Share by which rechecks differ: a start settles thousands at once, which must not come at once again. */
const RECHECK_JITTER = 0.1;
/** Longest pass; heavy work is a job. */
const PASS_LIMIT_MS = 600_000;
/** Stopping waits so long for passes in work, and a little longer after asking them to end. */
const GRACE_MS = 30_000;
const AFTER_GRACE_MS = 2000;

/** Caches by resource, shared by everybody. */
export interface Caches {
  of<Item extends KubeObject = ApiObject>(resource: Resource): Cache<Item>;
}

/** Objects of another resource whose changes wake objects of ours. */
export interface WatchSource {
  readonly resource: Resource;
  /** Keys (`namespace/name`) that a changed object concerns; asked before and after a change. */
  map(object: KubeObject): readonly string[];
  /**
   * All that `map` and those it wakes read of an object. A change that leaves it as it was wakes
   * nobody: most writes are progress of which dependants want to know nothing. Without it, every
   * change counts; that an object came or went always does.
   */
  facet?(object: KubeObject): unknown;
}

/** An index that the maps and the passes of a controller look objects up in. */
export interface IndexSpec {
  readonly resource: Resource;
  /** As in `Cache.by`. Who uses the same name for a resource means the same index. */
  readonly name: string;
  of(object: KubeObject): readonly string[];
}

/** What makes a controller of one kind. */
export interface ControllerSpec<Spec, Status, World, Step> {
  readonly name: string;
  readonly resource: Resource;
  readonly reconciler: Reconciler<Spec, Status, World, Step>;
  readonly watches: readonly WatchSource[];
  /** There before anything is watched. */
  readonly indexes?: readonly IndexSpec[];
  /** Listens to something that is no API object, such as jobs. Returns the way to stop. */
  readonly external?: (wake: (key: string) => void) => () => void;
  /** Set before the first act; while it is there, the object stays until the plan releases it. */
  readonly finalizer?: string;
  readonly workers: number;
}

/** What every controller is given. */
export interface ControllerPorts {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics?: Metrics;
}

/** A controller at work. */
export interface Controller {
  /** Takes nothing more, and ends when what is in work has ended. */
  stop(): Promise<void>;
}

/** Makes indexes in the caches of their resources. */
export function registerIndexes(caches: Caches, indexes: readonly IndexSpec[] = []): void {
  for (const spec of indexes) {
    caches.of<KubeObject>(spec.resource).index(spec.name, (object) => spec.of(object));
  }
}

/** Starts a controller; it works as soon as its caches are filled. */
export function startController<Spec, Status, World, Step>(
  options: ControllerSpec<Spec, Status, World, Step> & ControllerPorts,
): Controller {
  const controller = new RunningController(options);
  controller.start();
  return controller;
}

class RunningController<Spec, Status, World, Step> implements Controller {
  private readonly options: ControllerSpec<Spec, Status, World, Step> & ControllerPorts;
  private readonly metrics: Metrics;
  private readonly log: Log;
  private readonly queue: WorkQueue;
  private readonly memory = new KeyMemory();
  private readonly events: EventRecorder;
  private readonly own: Cache<ApiObject<Spec, Status>>;
  /** All that a pass reads: they are filled, and show our own writes, before it looks. */
  private readonly inputs: readonly Cache<KubeObject>[];
  private readonly passOptions: PassOptions<Spec, Status, World, Step>;
  private readonly stopping = new AbortController();
  private releases: (() => void)[] = [];
  private isStopped = false;

  constructor(options: ControllerSpec<Spec, Status, World, Step> & ControllerPorts) {
    const { name, resource, client, clock, random, caches, finalizer, indexes = [] } = options;
    registerIndexes(caches, indexes);
    this.options = options;
    this.metrics = options.metrics ?? noMetrics;
    this.log = options.log.child({ controller: name });
    this.queue = workQueue({ name, clock, random, metrics: this.metrics });
    this.events = eventRecorder({ client, clock, log: this.log, component: 'lamina' });
    this.own = caches.of<ApiObject<Spec, Status>>(resource);
    const others = [...options.watches, ...indexes].map((source) => caches.of(source.resource));
    this.inputs = [...new Set<Cache<KubeObject>>([this.own, ...others])];
    const owned = new Set(definitionOf(resource.kind)?.conditions.map(({ type }) => type));
    this.passOptions = {
      resource,
      client,
      clock,
      finalizer,
      reconciler: options.reconciler,
      log: this.log,
      events: this.events,
      writer: statusWriter({ client, resource, owned, events: this.events, clock }),
      current: ({ metadata }) => this.own.get(metadata.namespace, metadata.name),
      caughtUp: (signal) => this.caughtUp(signal),
    };
  }

  start(): void {
    const { watches, caches, external, name, workers } = this.options;
    this.releases.push(this.own.onChange((change) => this.ownChanged(change)));
    for (const source of watches) {
      const cache = caches.of(source.resource);
      this.releases.push(cache.onChange((change) => this.otherChanged(source, change)));
    }
    if (external !== undefined) this.releases.push(external((key) => this.queue.add(key)));
    const labels = { controller: name };
    this.metrics.gauge('controller_runtime_max_concurrent_reconciles', labels, () => workers);
    void Promise.all(this.inputs.map((cache) => cache.synced())).then(() => {
      for (let worker = 0; worker < workers; worker += 1) void this.work();
    });
  }

  async stop(): Promise<void> {
    if (!this.isStopped) {
      this.isStopped = true;
      for (const release of this.releases) release();
      this.releases = [];
    }
    const drained = this.queue.shutDown().then(() => this.events.flush());
    if (await this.isWithin(drained, GRACE_MS)) return;
    this.stopping.abort();
    if (await this.isWithin(drained, AFTER_GRACE_MS)) return;
    this.log.error('a pass did not end in time and was left behind');
  }

  private async isWithin(work: Promise<void>, limitMs: number): Promise<boolean> {
    const over = new AbortController();
    const late = this.options.clock.sleep(limitMs, over.signal).then(
      () => false,
      () => false,
    );
    const isDone = await Promise.race([work.then(() => true), late]);
    over.abort();
    return isDone;
  }

  private async caughtUp(signal: AbortSignal): Promise<boolean> {
    const all = await Promise.all(this.inputs.map((cache) => cache.caughtUp(signal)));
    const isFresh = all.every(Boolean);
    if (!isFresh) this.count('stale_sync_skips_total');
    return isFresh;
  }

  private ownChanged({ before, after, initial }: Change<ApiObject<Spec, Status>>): void {
    const object = after ?? before;
    if (object === undefined) return;
    const key = keyOfObject(object);
    // What a pass wrote itself must not wake it again: `done` compares with the cache when it ends.
    if (after !== undefined && (this.queue.isProcessing(key) || this.memory.knows(key, after))) {
      return;
    }
    this.queue.add(key, initial ? 'low' : 'normal');
  }

  private otherChanged(source: WatchSource, { before, after, initial }: Change): void {
    if (before !== undefined && after !== undefined && source.facet !== undefined) {
      if (jsonEqual(source.facet(before), source.facet(after))) return;
    }
    const objects = [before, after].filter((object) => object !== undefined);
    for (const key of new Set(objects.flatMap((object) => source.map(object)))) {
      this.queue.add(key, initial ? 'low' : 'normal');
    }
  }

  private async work(): Promise<void> {
    for (;;) {
      const key = await this.queue.next();
      if (key === undefined) return;
      // Passes that find all in caches wait for nothing: hundreds of them would be one long stall.
      await turnOver();
      const before = this.cached(key);
      try {
        await this.handle(key);
      } catch (error) {
        this.log.error('a pass broke', { key, error: messageOf(error) });
        this.count('controller_runtime_reconcile_panics_total');
        this.queue.retry(key);
      } finally {
        this.done(key, before);
      }
    }
  }

  /**
   * Gives a key back. Changes of the object were ignored until now, so the look at the cache and the
   * end of the work are one instant. What was there `before` and broke the pass is left to its backoff.
   */
  private done(key: string, before: ApiObject<Spec, Status> | undefined): void {
    const now = this.cached(key);
    if (now !== undefined && now !== before && !this.memory.knows(key, now)) this.queue.add(key);
    this.queue.done(key);
  }

  private async handle(key: string): Promise<void> {
    const { clock, name } = this.options;
    const begun = clock.elapsed();
    const limit = new AbortController();
    const timer = new AbortController();
    const relay = () => {
      timer.abort();
      limit.abort(this.stopping.signal.reason);
    };
    this.stopping.signal.addEventListener('abort', relay);
    clock.sleep(PASS_LIMIT_MS, timer.signal).then(
      () => {
        this.count('controller_runtime_reconcile_timeouts_total');
        limit.abort(tooLong(key));
      },
      () => undefined,
    );
    try {
      const end = await this.pass(key, limit.signal);
      this.count('controller_runtime_reconcile_total', { result: resultOf(end) });
      this.settle(key, end);
    } finally {
      timer.abort();
      this.stopping.signal.removeEventListener('abort', relay);
      const seconds = (clock.elapsed() - begun) / 1000;
      this.metrics.observe('controller_runtime_reconcile_time_seconds', seconds, {
        controller: name,
      });
    }
  }

  private async pass(key: string, signal: AbortSignal): Promise<PassEnd> {
    const object = await this.read(key, signal);
    if (object === undefined) {
      this.memory.forget(key);
      return { end: 'gone' };
    }
    if (this.memory.isNewWork(key, object)) this.queue.forget(key);
    const pass = new Pass(this.passOptions, object, signal);
    const end = await pass.run(this.memory.mayHideConflict(key));
    this.memory.note(key, pass.object, end.end === 'conflict');
    if (end.end === 'conflict') await this.lookLive(key, signal);
    return end;
  }

  private cached(key: string): ApiObject<Spec, Status> | undefined {
    const { namespace, name } = partsOfKey(key);
    return this.own.get(namespace, name);
  }

  /** The object from the cache, or from the server if the cache does not show our own writes. */
  private async read(key: string, signal: AbortSignal) {
    if (await this.caughtUp(signal)) return this.cached(key);
    const { namespace, name } = partsOfKey(key);
    const { client, resource } = this.options;
    return client.get<ApiObject<Spec, Status>>(resource, namespace, name, signal);
  }

  /** After a conflict the next pass waits until the cache shows what it stumbled over. */
  private async lookLive(key: string, signal: AbortSignal): Promise<void> {
    const { namespace, name } = partsOfKey(key);
    const { client, resource } = this.options;
    try {
      const live = await client.get(resource, namespace, name, signal);
      this.own.expect(live?.metadata.resourceVersion);
    } catch (error) {
      // The next pass may stumble again, which is counted; this one has nothing to retry.
      this.log.warn('no look at an object after a conflict', { key, error: messageOf(error) });
    }
  }

  private settle(key: string, end: PassEnd): void {
    switch (end.end) {
      case 'gone':
        return this.queue.forget(key);
      case 'settled':
        this.queue.forget(key);
        break;
      case 'parked':
        break;
      case 'again':
        this.queue.retry(key);
        return;
      case 'conflict':
        return this.queue.add(key);
      case 'failed':
        return this.failed(key, end.failure);
    }
    if (end.recheckMs !== undefined) this.queue.addAfter(key, this.spread(end.recheckMs));
  }

  private spread(delayMs: number): number {
    const shape = { firstMs: delayMs, limitMs: delayMs, jitter: RECHECK_JITTER };
    return backoffMs(shape, 1, this.options.random);
  }

  private failed(key: string, failure: FailureData): void {
    const { consequence, code, message, retryAfterMs = 0 } = failure;
    this.log.warn('a pass failed', { key, consequence, code, error: message });
    this.count('controller_runtime_reconcile_errors_total');
    if (consequence === 'Impossible') {
      this.count('controller_runtime_terminal_reconcile_errors_total');
    } else if (consequence === 'Denied') {
      this.queue.addAfter(key, Math.max(DENIED_RECHECK_MS, retryAfterMs));
    } else {
      this.queue.retry(key, retryAfterMs);
    }
  }

  private count(metric: CounterName, labels: MetricLabels = {}): void {
    this.metrics.add(metric, 1, { controller: this.options.name, ...labels });
  }
}

/** The outcome of a pass in the words of controller-runtime. */
function resultOf(end: PassEnd): 'success' | 'requeue' | 'requeue_after' | 'error' {
  switch (end.end) {
    case 'gone':
      return 'success';
    case 'settled':
    case 'parked':
      return end.recheckMs === undefined ? 'success' : 'requeue_after';
    case 'again':
    case 'conflict':
      return 'requeue';
    case 'failed':
      return 'error';
  }
}

function tooLong(key: string): Failure {
  const message = `${key}: the pass took longer than ${PASS_LIMIT_MS / 60_000} minutes`;
  return new Failure({ consequence: 'Transient', code: 'PassTimedOut', message });
}
