import { createHandler } from '../../src/apiserver/http/handler.ts';
import { openApiServerCore } from '../../src/apiserver/open.ts';
import type { Connector, DiskSeen, MachineSeen } from '../../src/connectors/connector.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { LayerIdentity, LayerIndex, StoredLayer } from '../../src/core/layer.ts';
import { systemClock } from '../../src/host/clock.ts';
import { silentLog } from '../../src/host/log.ts';
import type { JobRunner, JobResults, JobSpec, JobState } from '../../src/jobs/spec.ts';
import { kubeClient, type KubeClient } from '../../src/kube/client.ts';
import { createManager } from '../../src/kube/manager.ts';
import { addControllers, listersOf } from '../../src/main/controllers.ts';
import { apiWriter } from '../../src/main/writer.ts';
import type { Ports } from '../../src/reconcilers/ports.ts';

/** Called before and after every effect; may throw, as a crash of the call would. */
export type Meddle = (effect: string) => void;

/**
 * A store, a platform and a job runner that only remember. They stand for the outside where thousands of
 * runs are needed; the journey tests use the real ones.
 */
export class ToyOutside {
  readonly stored = new Map<string, StoredLayer>();
  readonly machines = new Map<string, MachineSeen>();
  readonly disks = new Set<string>();
  readonly snapshots = new Map<string, DiskSeen>();
  readonly composed = new Set<string>();
  /** Every effect that really happened, in order. */
  readonly effects: string[] = [];
  meddle: Meddle = () => undefined;
  private readonly watchers = new Set<(key: string) => void>();
  private readonly states = new Map<string, JobState>();

  private effect(name: string, work: () => void): void {
    this.meddle(`before ${name}`);
    this.effects.push(name);
    work();
    this.meddle(`after ${name}`);
  }

  private tell(key: string): void {
    setImmediate(() => {
      for (const watcher of this.watchers) watcher(key);
    });
  }

  watch(changed: (key: string) => void): () => void {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  }

  /** What a controller loses when it dies. */
  forgetProcess(): void {
    this.states.clear();
    this.watchers.clear();
  }

  readonly index: LayerIndex = {
    installId: 'install',
    find: async (repository, tag) => this.stored.get(`${repository}:${tag}`),
    listTags: async (repository) =>
      [...this.stored.keys()]
        .filter((name) => name.startsWith(`${repository}:`))
        .map((name) => name.slice(repository.length + 1)),
  };

  readonly work: Ports['work'] = {
    places: { store: '/store', work: '/work' },
    importRoot: '/import',
    hasComposed: async (key) => this.composed.has(key),
    discardComposed: async (key) => this.effect('discard', () => this.composed.delete(key)),
  };

  readonly jobs: JobRunner = {
    start: async (name, spec) => {
      if (this.states.has(name)) return;
      this.effect(`start ${spec.kind}`, () => {
        this.states.set(name, { state: 'running', step: spec.kind, percent: 0 });
        setImmediate(() => {
          this.states.set(name, { state: 'succeeded', result: this.resultOf(spec) });
          this.tell(name);
        });
      });
    },
    look: (name) => this.states.get(name),
    forget: async (name) => {
      this.states.delete(name);
    },
    watch: (changed) => this.watch(changed),
    close: async () => undefined,
  };

  private resultOf(spec: JobSpec): JobResults[keyof JobResults] {
    switch (spec.kind) {
      case 'import':
        return this.put(spec.layer, spec.sha256);
      case 'capture':
        return this.put(spec.layer, { os: spec.os, requires: spec.requires });
      case 'compose':
        this.composed.add(spec.key);
        return { disk: { path: `/work/${spec.key}`, format: 'qcow2' }, sizeBytes: 1, nonce: 'n' };
      case 'inspect':
        return { verdict: 'clean' };
      case 'convert':
        return { path: spec.target.path, sizeBytes: 1 };
    }
  }

  private put({ repository, tag, inputs }: LayerIdentity, from: unknown): StoredLayer {
    const content = digestOf({ inputs, from });
    const layer = { repository, tag, manifest: content, content, sizeBytes: 1 };
    this.stored.set(`${repository}:${tag}`, layer);
    return layer;
  }

  readonly connector: Connector = {
    platform: 'toy',
    can: { overlays: true, snapshots: 'copied', proven: 'simulated only' },
    verify: async () => ({
      credentials: { ok: true, reason: 'NotNeeded', message: 'none needed' },
      location: { ok: true, reason: 'Usable', message: 'usable' },
    }),
    findMachine: async (key) => this.machines.get(key),
    createMachine: async (key, want) =>
      this.effect(`create ${want.purpose} machine`, () => {
        this.machines.set(key, { key, power: 'off', console: {}, location: 'in a toy' });
      }),
    power: async (key, to) =>
      this.effect(`power ${to}`, () => {
        const seen = this.machines.get(key);
        if (seen === undefined || to !== 'on') return;
        this.machines.set(key, { ...seen, power: 'on', poweredOnAt: 1 });
        setImmediate(() => {
          if (this.machines.has(key))
            this.machines.set(key, { ...seen, power: 'off', poweredOnAt: 1 });
          this.tell(key);
        });
      }),
    deleteMachine: async (key) => this.effect('delete machine', () => this.machines.delete(key)),
    putDisk: async (key) => this.effect('put disk', () => this.disks.add(key)),
    getDisk: async (key) =>
      this.disks.has(key) ? { key, path: `/disks/${key}`, format: 'qcow2' } : undefined,
    deleteDisk: async (key) => this.effect('delete disk', () => this.disks.delete(key)),
    snapshot: async (key, name) =>
      this.effect('snapshot', () => {
        this.snapshots.set(`${key}/${name}`, { key, path: `/images/${key}`, format: 'qcow2' });
      }),
    findSnapshot: async (key, name) => this.snapshots.get(`${key}/${name}`),
    deleteSnapshot: async (key, name) =>
      this.effect('delete snapshot', () => this.snapshots.delete(`${key}/${name}`)),
    listOwned: async () => [],
    watch: (changed) => this.watch(changed),
    close: async () => undefined,
  };
}

/** A controller process with its API, both in memory. */
export interface ToyController {
  readonly client: KubeClient;
  stop(): Promise<void>;
}

/** Starts the real API server, the real runtime and the real reconcilers over a toy outside. */
export async function startToyController(
  outside: ToyOutside,
  path = ':memory:',
): Promise<ToyController> {
  const common = { clock: systemClock, random: Math.random, log: silentLog };
  let uids = 0;
  const newUid = () => `uid-${process.hrtime.bigint()}-${(uids += 1)}`;
  const core = await openApiServerCore({ path, newUid, ...common });
  const { service: objects, resources } = core;
  const handler = createHandler({ objects, resources, ...common, version: '0.0.0' });
  const manager = createManager({ client: kubeClient(handler), ...common });
  const ports: Ports = {
    listers: listersOf(manager),
    writer: apiWriter(manager.client, manager.caches),
    store: outside.index,
    jobs: outside.jobs,
    work: outside.work,
    connectorFor: () => outside.connector,
  };
  addControllers(manager, ports, { watch: (changed) => outside.watch(changed) });
  manager.start();
  return {
    client: kubeClient(handler),
    stop: async () => {
      await manager.stop();
      await core.close();
      outside.forgetProcess();
    },
  };
}
