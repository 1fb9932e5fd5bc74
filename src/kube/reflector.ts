import type { ApiObject } from '../api/object.ts';
import { backoffMs, type Backoff } from '../core/backoff.ts';
import type { Clock, Random } from '../core/clock.ts';
import { Failure, failureData, type FailureData } from '../core/failure.ts';
import type { Log } from '../host/log.ts';
import type { CacheFeed } from './cache.ts';
import type { KubeClient } from './client.ts';
import type { CounterName, Metrics } from '../host/metrics.ts';
import {
  compareVersions,
  reaches,
  resourceId,
  type KubeObject,
  type Resource,
} from './resource.ts';
import { isExpired } from './status-failure.ts';
import type { WatchEvent } from './watch.ts';

const WATCH_BACKOFF: Backoff = { firstMs: 800, limitMs: 30_000, jitter: 0.2 };
/** Bookmarks come every minute: so much silence is a dead connection. */
const SILENCE_MS = 130_000;
/** A watch that lived so long was healthy: the next failure is the first again. */
const HEALTHY_MS = 120_000;
/** A watch that ends sooner did not work, however politely it ended. */
const SHORT_MS = 1000;
const MIN_WATCH_SECONDS = 300;
/** The server ends watches; this long after it should have, we do. */
const OVERDUE_MS = 30_000;
/** So many lists that are older than what was seen are refused; then the past is the truth. */
const MAX_OLD_LISTS = 3;
/** After so many failures in a row that are not about the connection, the version is in doubt. */
const MAX_DOUBTFUL = 3;

/** What a reflector needs. */
export interface ReflectorOptions<Item extends KubeObject = ApiObject> {
  readonly client: KubeClient;
  readonly resource: Resource;
  /** All namespaces if left out. */
  readonly namespace?: string;
  readonly cache: CacheFeed<Item>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Keeps a cache equal to the server until it is stopped. */
export interface Reflector {
  stop(): Promise<void>;
}

/** Lists, then watches, for ever: after every failure it goes on where it was. */
export function startReflector<Item extends KubeObject = ApiObject>(
  options: ReflectorOptions<Item>,
): Reflector {
  const stopping = new AbortController();
  const running = new Follower(options, stopping.signal).run();
  return {
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}

function isItem(value: KubeObject): boolean {
  const { metadata } = value;
  return typeof metadata?.name === 'string' && typeof metadata.resourceVersion === 'string';
}

class Follower<Item extends KubeObject> {
  private readonly options: ReflectorOptions<Item>;
  private readonly signal: AbortSignal;
  private readonly log: Log;
  private readonly place: { readonly namespace?: string };
  /** The newest version that was seen; empty before the first list. */
  private version = '';
  private needsList = true;
  private failures = 0;
  private doubtful = 0;
  private oldLists = 0;

  constructor(options: ReflectorOptions<Item>, signal: AbortSignal) {
    this.options = options;
    this.signal = signal;
    this.place = options.namespace === undefined ? {} : { namespace: options.namespace };
    this.log = options.log.child({ resource: resourceId(options.resource) });
  }

  async run(): Promise<void> {
    while (!this.signal.aborted) {
      try {
        if (this.needsList) await this.list();
        await this.watch();
      } catch (error) {
        if (this.signal.aborted) return;
        await this.recover(failureData(error));
      }
    }
  }

  private async list(): Promise<void> {
    const { client, resource, cache } = this.options;
    const list = await client.list<Item>(resource, { ...this.place, signal: this.signal });
    const version = list.metadata.resourceVersion;
    const isOld = (compareVersions(version, this.version) ?? 0) < 0;
    if (isOld && this.oldLists < MAX_OLD_LISTS) {
      this.oldLists += 1;
      const message = `the list is of version ${version}, older than ${this.version}`;
      throw new Failure({ consequence: 'Transient', code: 'OldList', message });
    }
    this.oldLists = 0;
    this.doubtful = 0;
    this.needsList = false;
    this.version = version;
    await cache.replace(
      list.items.filter((item) => this.accept(item)),
      version,
    );
    this.count('watch_relists_total');
  }

  private accept(item: Item): boolean {
    if (isItem(item)) return true;
    this.log.error('an object without name or version was left out');
    return false;
  }

  /** One connection. Returns when the server ended it in good order. */
  private async watch(): Promise<void> {
    const { client, resource, clock, random } = this.options;
    const timeoutSeconds = Math.round(MIN_WATCH_SECONDS * (1 + random()));
    const begun = clock.elapsed();
    const dog = new Watchdog(clock, this.signal, timeoutSeconds * 1000 + OVERDUE_MS);
    try {
      this.count('watch_restarts_total');
      const resourceVersion = this.version;
      const signal = dog.signal;
      for await (const event of client.watch<Item>(resource, {
        ...this.place,
        resourceVersion,
        timeoutSeconds,
        signal,
      })) {
        dog.heard();
        this.deliver(event);
      }
    } catch (error) {
      if (!dog.hasBitten) throw error;
      this.count('watch_stalls_total');
      throw new Failure({
        consequence: 'Lost',
        code: 'WatchStalled',
        message: 'the watch was silent',
      });
    } finally {
      dog.stop();
      if (clock.elapsed() - begun >= HEALTHY_MS) this.failures = 0;
    }
    if (clock.elapsed() - begun < SHORT_MS) {
      throw new Failure({
        consequence: 'Lost',
        code: 'ShortWatch',
        message: 'the watch ended at once',
      });
    }
  }

  private deliver({ type, object }: WatchEvent<Item>): void {
    const { cache } = this.options;
    const version = object.metadata.resourceVersion;
    this.doubtful = 0;
    if (type === 'BOOKMARK') {
      if (version === undefined || reaches(this.version, version)) return;
      this.version = version;
      return cache.reached(version);
    }
    if (!this.accept(object)) return;
    // A deletion is true for ever; anything else that is older than the watch is the past.
    if (type === 'DELETED') cache.remove(object);
    else if (reaches(this.version, version)) return;
    else cache.upsert(object);
    if (version !== undefined && !reaches(this.version, version)) this.version = version;
  }

  private async recover(failure: FailureData): Promise<void> {
    const { clock, random } = this.options;
    this.failures += 1;
    if (failure.consequence !== 'Lost' && failure.consequence !== 'Busy') this.doubtful += 1;
    const expired = isExpired(failure);
    if (expired) this.count('watch_gone_total');
    if (
      expired ||
      failure.consequence === 'Impossible' ||
      failure.code === 'LineTooLong' ||
      this.doubtful >= MAX_DOUBTFUL
    ) {
      this.needsList = true;
    }
    // An expired version is cured by the list itself; only if that repeats, something is wrong.
    const isRoutine = expired && this.failures === 1;
    const pauseMs = isRoutine ? 0 : backoffMs(WATCH_BACKOFF, this.failures, random);
    const delayMs = Math.max(pauseMs, failure.retryAfterMs ?? 0);
    const { code, message: error } = failure;
    this.log.warn('the watch broke', { code, error, delayMs, relist: this.needsList });
    if (delayMs > 0) await clock.sleep(delayMs, this.signal).catch(() => undefined);
  }

  private count(name: CounterName): void {
    this.options.metrics.add(name, 1, { resource: resourceId(this.options.resource) });
  }
}

/** Ends a connection that says nothing, or that goes on when it should be over. */
class Watchdog {
  private readonly clock: Clock;
  private readonly outer: AbortSignal;
  private readonly endMs: number;
  private readonly controller = new AbortController();
  private heardMs: number;
  private bitten = false;
  private readonly relay = () => this.controller.abort();

  constructor(clock: Clock, outer: AbortSignal, lifeMs: number) {
    this.clock = clock;
    this.outer = outer;
    this.heardMs = this.clock.elapsed();
    this.endMs = this.heardMs + lifeMs;
    outer.addEventListener('abort', this.relay);
    if (outer.aborted) this.relay();
    void this.guard();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get hasBitten(): boolean {
    return this.bitten;
  }

  heard(): void {
    this.heardMs = this.clock.elapsed();
  }

  stop(): void {
    this.outer.removeEventListener('abort', this.relay);
    this.controller.abort();
  }

  private async guard(): Promise<void> {
    while (!this.signal.aborted) {
      const restMs = Math.min(this.heardMs + SILENCE_MS, this.endMs) - this.clock.elapsed();
      if (restMs <= 0) {
        this.bitten = true;
        return this.controller.abort();
      }
      await this.clock.sleep(restMs, this.signal).catch(() => undefined);
    }
  }
}
