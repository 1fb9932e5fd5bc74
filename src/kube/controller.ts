import type { ApiObject } from '../api/object.ts';
import type { Clock, Random } from '../core/clock.ts';
import { Failure, messageOf, type FailureData } from '../core/failure.ts';
import type { Log } from '../host/log.ts';
import type { Cache, Change } from './cache.ts';
import type { KubeClient } from './client.ts';
import { eventRecorder, type EventRecorder } from './events.ts';
import { KeyMemory } from './key-memory.ts';
import { noMetrics, type Metrics } from './metrics.ts';
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
}

/** What makes a controller of one kind. */
export interface ControllerSpec<Spec, Status, World, Step> {
  readonly name: string;
  readonly resource: Resource;
  readonly reconciler: Reconciler<Spec, Status, World, Step>;
  readonly watches: readonly WatchSource[];
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
  private readonly passOptions: PassOptions<Spec, Status, World, Step>;
  private readonly stopping = new AbortController();
  private releases: (() => void)[] = [];
  private isStopped = false;

  constructor(options: ControllerSpec<Spec, Status, World, Step> & ControllerPorts) {
    const { name, resource, client, clock, random, caches, finalizer } = options;
    this.options = options;
    this.metrics = options.metrics ?? noMetrics;
    this.log = options.log.child({ controller: name });
    this.queue = workQueue({ name, clock, random, metrics: this.metrics });
    this.events = eventRecorder({ client, clock, log: this.log, component: 'lamina' });
    this.own = caches.of<ApiObject<Spec, Status>>(resource);
    const owned = new Set(definitionOf(resource.kind)?.conditions.map(({ type }) => type));
    this.passOptions = {
      resource,
      client,
      clock,
      finalizer,
      reconciler: options.reconciler,
      log: this.log,
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
    this.metrics.set('controller_runtime_max_concurrent_reconciles', workers, { controller: name });
    void Promise.all(this.inputs().map((cache) => cache.synced())).then(() => {
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

  private inputs(): readonly Cache<KubeObject>[] {
    const { watches, caches } = this.options;
    const others = watches.map(({ resource }) => caches.of(resource));
    return [...new Set<Cache<KubeObject>>([this.own, ...others])];
  }

  private async caughtUp(signal: AbortSignal): Promise<boolean> {
    const all = await Promise.all(this.inputs().map((cache) => cache.caughtUp(signal)));
    const isFresh = all.every(Boolean);
    if (!isFresh) this.count('stale_sync_skips_total');
    return isFresh;
  }

  private ownChanged({ before, after, initial }: Change<ApiObject<Spec, Status>>): void {
    const object = after ?? before;
    if (object === undefined) return;
    const key = keyOfObject(object);
    // A pass compares with the cache when it ends: what it wrote itself must not wake it again.
    if (after !== undefined && (this.queue.isProcessing(key) || this.memory.knows(key, after))) {
      return;
    }
    this.queue.add(key, initial ? 'low' : 'normal');
  }

  private otherChanged(source: WatchSource, { before, after, initial }: Change): void {
    const objects = [before, after].filter((object) => object !== undefined);
    for (const key of new Set(objects.flatMap((object) => source.map(object)))) {
      this.queue.add(key, initial ? 'low' : 'normal');
    }
  }

  private async work(): Promise<void> {
    for (;;) {
      const key = await this.queue.next();
      if (key === undefined) return;
      try {
        await this.handle(key);
      } catch (error) {
        this.log.error('a pass broke', { key, error: messageOf(error) });
        this.count('controller_runtime_reconcile_panics_total');
        this.queue.retry(key);
      } finally {
        this.queue.done(key);
      }
    }
  }

  private async handle(key: string): Promise<void> {
    const { clock, name } = this.options;
    const begun = clock.now();
    const limit = new AbortController();
    const timer = new AbortController();
    const relay = () => {
      timer.abort();
      limit.abort(this.stopping.signal.reason);
    };
    this.stopping.signal.addEventListener('abort', relay);
    clock.sleep(PASS_LIMIT_MS, timer.signal).then(
      () => limit.abort(tooLong(key)),
      () => undefined,
    );
    try {
      const end = await this.pass(key, limit.signal);
      this.count('controller_runtime_reconcile_total', { result: end.end });
      this.settle(key, end);
    } finally {
      timer.abort();
      this.stopping.signal.removeEventListener('abort', relay);
      const seconds = (clock.now() - begun) / 1000;
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
    const cached = this.cached(key);
    if (cached !== undefined && !this.memory.knows(key, cached)) this.queue.add(key);
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
    const live = await client.get(resource, namespace, name, signal).catch(() => undefined);
    this.own.expect(live?.metadata.resourceVersion);
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
    if (end.recheckMs !== undefined) this.queue.addAfter(key, end.recheckMs);
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

  private count(metric: string, labels: Readonly<Record<string, string>> = {}): void {
    this.metrics.add(metric, 1, { controller: this.options.name, ...labels });
  }
}

function tooLong(key: string): Failure {
  const message = `${key}: the pass took longer than ${PASS_LIMIT_MS / 60_000} minutes`;
  return new Failure({ consequence: 'Transient', code: 'PassTimedOut', message });
}
