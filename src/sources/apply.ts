import { failureData, isFailure, type Failure } from '../core/failure.ts';
import { isNotFound, type KubeClient } from '../kube/client.ts';
import { keyOf, keyOfObject, type KubeObject, type Resource } from '../kube/resource.ts';
import { Desired, resourceFor, sourceOf } from './desired.ts';
import { MANIFEST_KINDS } from './manifest-kind.ts';
import { SOURCE_LABEL } from './metadata.ts';
import { fileProblem, type Problem, type Snapshot } from './snapshot.ts';
import { validateSnapshot } from './validate.ts';

/** What applying a snapshot did. */
export interface Applied {
  readonly applied: number;
  readonly unchanged: number;
  readonly pruned: number;
  readonly problems: readonly Problem[];
}

/** How a snapshot is applied. */
export interface ApplyOptions {
  readonly client: KubeClient;
  /** Name of the source: the value of the label on everything that it keeps. */
  readonly source: string;
  /** For manifests that name none. */
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/** Writes at the same time: enough to fill a server's group commit. */
const CONCURRENCY = 16;

async function inParallel<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, worker));
}

/** Resources that a source may hold, in the order of their application. */
function resources(): readonly Resource[] {
  return MANIFEST_KINDS.map(({ kind }) => resourceFor(kind));
}

class Application {
  private readonly options: ApplyOptions;
  private readonly live = new Map<string, KubeObject>();
  readonly problems: Problem[] = [];
  applied = 0;
  unchanged = 0;
  pruned = 0;

  constructor(options: ApplyOptions) {
    this.options = options;
  }

  private key(resource: Resource, namespace: string | undefined, name: string): string {
    return `${resource.kind}/${keyOf(namespace, name)}`;
  }

  /** Learns what this source has applied before. */
  async learn(): Promise<void> {
    const { client, source, signal } = this.options;
    for (const resource of resources()) {
      const labelSelector = `${SOURCE_LABEL}=${source}`;
      const { items } = await client.list<KubeObject>(resource, { labelSelector, signal });
      for (const item of items) this.live.set(`${resource.kind}/${keyOfObject(item)}`, item);
    }
  }

  get known(): number {
    return this.live.size;
  }

  private async ensure(desired: Desired): Promise<void> {
    const { object, resource } = desired;
    try {
      const known = this.live.get(this.key(resource, object.namespace, object.name));
      if (known !== undefined) return await this.update(desired, known);
      await this.create(desired);
    } catch (error) {
      if (!isFailure(error) || !isForPeople(error)) throw error;
      const place = object.document.at('metadata.name');
      const { message, hint } = failureData(error);
      const cure = hint === undefined ? '' : ` ${hint}`;
      this.problems.push({
        ...place,
        message: `${resource.kind} "${object.name}": ${message}${cure}`,
      });
    }
  }

  private async create(desired: Desired): Promise<void> {
    const { client, signal } = this.options;
    try {
      await client.create(desired.resource, desired.fresh(), { signal });
      this.applied += 1;
    } catch (error) {
      if (!isFailure(error) || error.code !== 'AlreadyExists') throw error;
      await this.adopt(desired, error);
    }
  }

  /** Somebody else made the object: nobody's is taken over, that of another source is not. */
  private async adopt(desired: Desired, exists: Failure): Promise<void> {
    const { client, signal, source } = this.options;
    const { namespace, name, document } = desired.object;
    const found = await client.get<KubeObject>(desired.resource, namespace, name, signal);
    if (found === undefined) throw exists;
    const owner = sourceOf(found);
    if (owner !== undefined && owner !== source) {
      const message = `${desired.resource.kind} "${name}" is kept by the source "${owner}"`;
      this.problems.push({ ...document.at('metadata.name'), message });
      return;
    }
    await this.update(desired, found);
  }

  private async update(desired: Desired, live: KubeObject): Promise<void> {
    const patch = desired.patch(live);
    if (patch === undefined) {
      this.unchanged += 1;
      return;
    }
    const { client, signal } = this.options;
    const { namespace, name } = desired.object;
    try {
      await client.mergePatch(desired.resource, { namespace, name }, patch, { signal });
    } catch (error) {
      // It went between our look and our write.
      if (!isFailure(error) || !isNotFound(error)) throw error;
      await client.create(desired.resource, desired.fresh(), { signal });
    }
    this.applied += 1;
  }

  async write(wanted: readonly Desired[]): Promise<void> {
    for (const resource of resources()) {
      const ofKind = wanted.filter((desired) => desired.resource.kind === resource.kind);
      await inParallel(ofKind, (desired) => this.ensure(desired));
    }
  }

  /** Takes away what the source no longer holds; whoever uses comes before what is used. */
  async prune(wanted: readonly Desired[]): Promise<void> {
    const { client, signal } = this.options;
    const kept = new Set(
      wanted.map(({ resource, object }) => this.key(resource, object.namespace, object.name)),
    );
    for (const resource of resources().toReversed()) {
      // A Namespace takes everything in it along, so it goes by hand only.
      if (resource.kind === 'Namespace') continue;
      const gone = [...this.live].filter(
        ([key, { kind, metadata }]) =>
          kind === resource.kind && !kept.has(key) && metadata.deletionTimestamp === undefined,
      );
      await inParallel(gone, async ([, { metadata }]) => {
        const { namespace, name, uid } = metadata;
        const options = { signal, ...(uid === undefined ? {} : { uid }) };
        await client.remove(resource, { namespace, name }, options);
        this.pruned += 1;
      });
    }
  }
}

/** Failures that go away by themselves are for the loop; the others are for whoever wrote the line. */
function isForPeople({ consequence }: Failure): boolean {
  return consequence === 'Impossible' || consequence === 'Denied';
}

/**
 * Makes the API hold what a snapshot declares, writing only what differs. It is all or nothing: one
 * bad document, and nothing is applied; an empty source, and nothing is taken away.
 */
export async function applySnapshot(snapshot: Snapshot, options: ApplyOptions): Promise<Applied> {
  const { objects, problems } = validateSnapshot(snapshot, options.namespace);
  const nothing = { applied: 0, unchanged: 0, pruned: 0 };
  if (problems.length > 0) return { ...nothing, problems };
  const application = new Application(options);
  await application.learn();
  if (objects.length === 0) {
    if (application.known === 0) return { ...nothing, problems: [] };
    const message = `the source holds no manifest; the ${application.known} objects applied from it are kept`;
    return { ...nothing, problems: [fileProblem('.', message)] };
  }
  const wanted = objects.map((object) => new Desired(object, options.source));
  await application.write(wanted);
  if (application.problems.length === 0) await application.prune(wanted);
  const { applied, unchanged, pruned } = application;
  return { applied, unchanged, pruned, problems: application.problems };
}
