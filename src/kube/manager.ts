import type { ApiObject } from '../api/object.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { Log } from '../host/log.ts';
import { createCache, type Cache, type CacheFeed } from './cache.ts';
import type { KubeClient } from './client.ts';
import {
  registerIndexes,
  startController,
  type Caches,
  type Controller,
  type ControllerSpec,
} from './controller.ts';
import { noMetrics, type Metrics } from '../host/metrics.ts';
import { startReflector, type Reflector } from './reflector.ts';
import { resourceId, type KubeObject, type Resource } from './resource.ts';

/** What a manager needs. */
export interface ManagerOptions {
  readonly client: KubeClient;
  /** What the caches hold: all namespaces if left out. */
  readonly namespace?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics?: Metrics;
}

/** Runs controllers over shared caches. */
export interface Manager {
  /** Use this one for all writes: caches then know what they must show before the next pass. */
  readonly client: KubeClient;
  readonly caches: Caches;
  /** Adds a controller; before or after the start. */
  add<Spec, Status, World, Step>(spec: ControllerSpec<Spec, Status, World, Step>): void;
  start(): void;
  /** True once every cache has its first list. */
  ready(): boolean;
  /** Resolves when `ready`. */
  synced(): Promise<void>;
  /** Intake first, then what is in work (30 s), then the watches. */
  stop(): Promise<void>;
}

/** Makes a manager; nothing runs before its start. */
export function createManager(options: ManagerOptions): Manager {
  return new RunningManager(options);
}

/** A client that tells the cache of a resource about every version that it wrote. */
function tracking(
  client: KubeClient,
  seen: (resource: Resource, object: KubeObject) => void,
): KubeClient {
  return {
    get: (resource, namespace, name, signal) => client.get(resource, namespace, name, signal),
    list: (resource, selection) => client.list(resource, selection),
    watch: (resource, watchOptions) => client.watch(resource, watchOptions),
    remove: async (resource, target, removeOptions) => {
      const left = await client.remove(resource, target, removeOptions);
      if (left !== undefined) seen(resource, left);
      return left;
    },
    create: async (resource, object, writeOptions) => {
      const written = await client.create(resource, object, writeOptions);
      seen(resource, written);
      return written;
    },
    replace: async (resource, object, writeOptions) => {
      const written = await client.replace(resource, object, writeOptions);
      seen(resource, written);
      return written;
    },
    mergePatch: async <Item extends KubeObject = ApiObject>(
      ...args: Parameters<KubeClient['mergePatch']>
    ) => {
      const written = await client.mergePatch<Item>(...args);
      seen(args[0], written);
      return written;
    },
  };
}

interface Shared {
  readonly cache: Cache<KubeObject> & CacheFeed<KubeObject>;
  readonly resource: Resource;
  reflector?: Reflector;
}

class RunningManager implements Manager {
  readonly client: KubeClient;
  readonly caches: Caches;
  private readonly options: ManagerOptions;
  private readonly shared = new Map<string, Shared>();
  private readonly pending: (() => void)[] = [];
  private readonly controllers: Controller[] = [];
  private state: 'new' | 'running' | 'stopped' = 'new';

  constructor(options: ManagerOptions) {
    this.options = options;
    this.client = tracking(options.client, (resource, { metadata }) =>
      this.shared.get(resourceId(resource))?.cache.expect(metadata.resourceVersion),
    );
    this.caches = {
      of: <Item extends KubeObject>(resource: Resource) => {
        const cache: unknown = this.share(resource).cache;
        return cache as Cache<Item>;
      },
    };
  }

  add<Spec, Status, World, Step>(spec: ControllerSpec<Spec, Status, World, Step>): void {
    const { clock, random, log, metrics = noMetrics } = this.options;
    const { client, caches } = this;
    registerIndexes(caches, spec.indexes);
    const start = () => {
      this.controllers.push(
        startController({ ...spec, client, caches, clock, random, log, metrics }),
      );
    };
    if (this.state === 'new') this.pending.push(start);
    else if (this.state === 'running') start();
  }

  start(): void {
    if (this.state !== 'new') return;
    this.state = 'running';
    for (const start of this.pending.splice(0)) start();
    for (const shared of this.shared.values()) this.follow(shared);
  }

  ready(): boolean {
    return this.state === 'running' && [...this.shared.values()].every((s) => s.cache.isSynced);
  }

  async synced(): Promise<void> {
    await Promise.all([...this.shared.values()].map(({ cache }) => cache.synced()));
  }

  async stop(): Promise<void> {
    this.state = 'stopped';
    await Promise.all(this.controllers.map((controller) => controller.stop()));
    await Promise.all([...this.shared.values()].map(async ({ reflector }) => reflector?.stop()));
  }

  private share(resource: Resource): Shared {
    const id = resourceId(resource);
    const found = this.shared.get(id);
    if (found !== undefined) return found;
    const { clock, log } = this.options;
    const made: Shared = { resource, cache: createCache<KubeObject>(clock, log) };
    this.shared.set(id, made);
    if (this.state === 'running') this.follow(made);
    return made;
  }

  private follow(shared: Shared): void {
    if (shared.reflector !== undefined) return;
    const { resource, cache } = shared;
    shared.reflector = startReflector({ metrics: noMetrics, ...this.options, resource, cache });
  }
}
