import { digestOf } from '../../src/core/digest.ts';
import type { ComposedRecord, Inspection, InspectionRecord } from '../../src/core/evidence.ts';
import { failureData, transient, type FailureData } from '../../src/core/failure.ts';
import type { LayerIdentity, LayerIndex, StoredLayer } from '../../src/core/layer.ts';
import {
  compositionId,
  jobName,
  type JobRunner,
  type JobSpec,
  type JobState,
} from '../../src/jobs/spec.ts';
import { ToyPlatform, type ToyTraits } from './toy-platform.ts';

/** Called before and after every effect; may throw, as a crash of the call would. */
export type Meddle = (effect: string) => void;

/**
 * A store, a platform and a job runner that only remember. They stand for the outside where thousands of
 * runs are needed; the journey tests use the real ones.
 */
export class ToyOutside {
  readonly stored = new Map<string, StoredLayer>();
  readonly composed = new Map<string, ComposedRecord>();
  readonly inspections = new Map<string, InspectionRecord>();
  readonly platform: ToyPlatform;
  /** Every effect that really happened, in order. */
  readonly effects: string[] = [];
  meddle: Meddle = () => undefined;
  /** What an inspection finds. */
  found: (key: string) => Inspection = () => ({ verdict: 'clean' });
  /** Why a job fails; undefined: it does its work. */
  failing: (spec: JobSpec) => FailureData | undefined = () => undefined;
  private readonly watchers = new Set<(key: string) => void>();
  private readonly states = new Map<string, { readonly key: string; readonly state: JobState }>();

  constructor(traits: ToyTraits = {}) {
    const effect = (name: string, work: () => void) => this.effect(name, work);
    this.platform = new ToyPlatform(traits, { effect, tell: (key) => this.tell(key) });
  }

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
    evidence: {
      composed: async (id) => this.composed.get(id),
      inspection: async (key) => this.inspections.get(key),
      forgetComposed: async (id) => void this.composed.delete(id),
      forgetInspection: async (key) => void this.inspections.delete(key),
    },
  };

  readonly jobs: JobRunner = {
    start: async (spec) => {
      const name = jobName(spec);
      const known = this.states.get(name)?.state;
      if (known?.state === 'running') return;
      this.effect(`start ${spec.kind}`, () => this.run(name, spec));
    },
    look: (spec) => this.states.get(jobName(spec))?.state,
    isBusy: (key) =>
      [...this.states.values()].some((one) => one.key === key && one.state.state === 'running'),
    isKnown: (key) => [...this.states.values()].some((one) => one.key === key),
    cancel: async (key) => {
      for (const [name, one] of this.states) if (one.key === key) this.states.delete(name);
    },
    watch: (changed) => this.watch(changed),
    close: async () => undefined,
  };

  /** Runs a job a moment later, unless it was cancelled by then. */
  private run(name: string, spec: JobSpec): void {
    const { key, kind } = spec;
    const before = this.states.get(name)?.state;
    const after = before?.state === 'failed' ? { after: before.failure } : {};
    const mine = { key, state: { state: 'running', step: kind, percent: 0, ...after } } as const;
    this.states.set(name, mine);
    setImmediate(() => {
      if (this.states.get(name) !== mine) return;
      this.states.delete(name);
      const failure = this.outcomeOf(spec);
      if (failure !== undefined) {
        const state = { state: 'failed', failure, attempts: 1, retryAt: 0 } as const;
        this.states.set(name, { key, state });
      }
      this.tell(key);
    });
  }

  private outcomeOf(spec: JobSpec): FailureData | undefined {
    try {
      const failure = this.failing(spec);
      if (failure === undefined) this.leaveEvidence(spec);
      return failure;
    } catch (error) {
      return failureData(transient('ToyJobFailed', String(error)));
    }
  }

  private leaveEvidence(spec: JobSpec): void {
    switch (spec.kind) {
      case 'import':
        return this.put(spec.layer, spec.sha256);
      case 'capture':
        return this.put(spec.layer, { recipe: spec.recipe.os, below: spec.recipe.deltas });
      case 'compose': {
        const id = compositionId(spec.recipe);
        return void this.composed.set(id, { id, sizeBytes: 1 });
      }
      case 'upload':
        return this.platform.upload(spec.key, compositionId(spec.recipe));
      case 'inspect':
        return this.inspect(spec.key, compositionId(spec.recipe), spec.boot);
      case 'copy':
        return this.platform.publish(spec.key, spec.revision);
    }
  }

  private inspect(key: string, composition: string, boot: string | undefined): void {
    const record = { key, composition, attestation: 'sha256:a', at: 0 };
    const found = this.found(key);
    this.inspections.set(key, { ...record, found, ...(boot === undefined ? {} : { boot }) });
  }

  private put({ repository, tag, inputs }: LayerIdentity, from: unknown): void {
    const content = digestOf({ inputs, from });
    const layer = { repository, tag, manifest: content, content, sizeBytes: 1 };
    this.stored.set(`${repository}:${tag}`, layer);
  }
}
