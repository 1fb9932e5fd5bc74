import { failureData, isFailure, type Failure } from '../core/failure.ts';
import { isNotFound, type KubeClient } from '../kube/client.ts';
import { keyOf, type KubeObject, type Resource } from '../kube/resource.ts';
import { Desired, resourceFor, sourceOf } from './desired.ts';
import { forEachBounded } from '../core/lanes.ts';
import { MANIFEST_KINDS } from './manifest-kind.ts';
import { SOURCE_LABEL } from './metadata.ts';
import { Pace } from './pace.ts';
import type { Reading, SourceObject } from './reading.ts';
import { fileProblem, shortened, SOURCE_LIMITS, type Problem } from './snapshot.ts';

/** Writes at the same time: enough to fill a server's group commit. */
const LANES = 16;

/** What applying a reading did. */
export interface Applied {
  readonly applied: number;
  readonly unchanged: number;
  readonly pruned: number;
  readonly problems: readonly Problem[];
}

/** How a reading is applied. */
export interface ApplyOptions {
  readonly client: KubeClient;
  /** Name of the source: the value of the label on everything that it keeps. */
  readonly source: string;
  readonly signal: AbortSignal;
}

/** Resources that a source may hold, in the order of their application. */
function resources(): readonly Resource[] {
  return MANIFEST_KINDS.map(({ kind }) => resourceFor(kind));
}

/** What the API holds of a source. */
interface Seen {
  readonly metadata: KubeObject['metadata'];
  /** What must change in it; undefined if nothing. */
  readonly patch: Record<string, unknown> | undefined;
}

class Application {
  private readonly options: ApplyOptions;
  private readonly wanted: ReadonlyMap<string, SourceObject>;
  private readonly seen = new Map<string, Seen>();
  private readonly pace = new Pace();
  readonly problems: Problem[] = [];
  applied = 0;
  unchanged = 0;
  pruned = 0;

  constructor(objects: readonly SourceObject[], options: ApplyOptions) {
    this.options = options;
    this.wanted = new Map(objects.map((object) => [keyFor(object.kind, object), object]));
  }

  /** Learns what this source has applied before, and what of it differs. */
  async learn(): Promise<void> {
    const { client, source, signal } = this.options;
    for (const resource of resources()) {
      const labelSelector = `${SOURCE_LABEL}=${source}`;
      const { items } = await client.list<KubeObject>(resource, { labelSelector, signal });
      for (const item of items) {
        const key = keyFor(resource.kind, item.metadata);
        const object = this.wanted.get(key);
        await this.pace.take(object?.json.length ?? 0);
        const patch = object === undefined ? undefined : new Desired(object, source).patch(item);
        this.seen.set(key, { metadata: item.metadata, patch });
      }
    }
  }

  get known(): number {
    return this.seen.size;
  }

  private report({ place }: SourceObject, message: string): void {
    if (this.problems.length >= SOURCE_LIMITS.problems) return;
    this.problems.push(shortened({ ...place, message }));
  }

  private async ensure(object: SourceObject): Promise<void> {
    const seen = this.seen.get(keyFor(object.kind, object));
    if (seen !== undefined && seen.patch === undefined) {
      this.unchanged += 1;
      return;
    }
    await this.pace.take(object.json.length);
    const desired = new Desired(object, this.options.source);
    try {
      await (seen?.patch === undefined ? this.create(desired) : this.update(desired, seen.patch));
    } catch (error) {
      if (!isFailure(error) || !isForPeople(error)) throw error;
      const { message, hint } = failureData(error);
      const cure = hint === undefined ? '' : ` ${hint}`;
      this.report(object, `${object.kind} "${object.name}": ${message}${cure}`);
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
    const { kind, namespace, name } = desired.object;
    const found = await client.get<KubeObject>(desired.resource, namespace, name, signal);
    if (found === undefined) throw exists;
    const owner = sourceOf(found);
    if (owner !== undefined && owner !== source) {
      return this.report(desired.object, `${kind} "${name}" is kept by the source "${owner}"`);
    }
    const patch = desired.patch(found);
    if (patch === undefined) this.unchanged += 1;
    else await this.update(desired, patch);
  }

  private async update(desired: Desired, patch: Record<string, unknown>): Promise<void> {
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

  async write(): Promise<void> {
    for (const { kind } of resources()) {
      const ofKind = [...this.wanted.values()].filter((object) => object.kind === kind);
      await forEachBounded(ofKind, LANES, (object) => this.ensure(object));
    }
  }

  /** Takes away what the source no longer holds; whoever uses comes before what is used. */
  async prune(): Promise<void> {
    const { client, signal } = this.options;
    for (const resource of resources().toReversed()) {
      // A Namespace takes everything in it along, so it goes by hand only.
      if (resource.kind === 'Namespace') continue;
      const gone = [...this.seen].filter(
        ([key, { metadata }]) =>
          key.startsWith(`${resource.kind}/`) &&
          !this.wanted.has(key) &&
          metadata.deletionTimestamp === undefined,
      );
      await forEachBounded(gone, LANES, async ([, { metadata }]) => {
        await this.pace.take(0);
        const { namespace, name, uid } = metadata;
        const options = { signal, ...(uid === undefined ? {} : { uid }) };
        await client.remove(resource, { namespace, name }, options);
        this.pruned += 1;
      });
    }
  }
}

function keyFor(
  kind: string,
  { namespace, name }: { readonly namespace?: string | undefined; readonly name: string },
): string {
  return `${kind}/${keyOf(namespace, name)}`;
}

/** Failures that go away by themselves are for the loop; the others are for whoever wrote the line. */
function isForPeople({ consequence }: Failure): boolean {
  return consequence === 'Impossible' || consequence === 'Denied';
}

/**
 * Makes the API hold what a source declares, writing only what differs. It is all or nothing: one bad
 * document, and nothing is applied; an empty source, and nothing is taken away. When it ends, also by a
 * failure, nothing of it is under way any more.
 */
export async function applyReading(
  { objects, problems }: Pick<Reading, 'objects' | 'problems'>,
  options: ApplyOptions,
): Promise<Applied> {
  const nothing = { applied: 0, unchanged: 0, pruned: 0 };
  if (problems.length > 0) return { ...nothing, problems };
  const application = new Application(objects, options);
  await application.learn();
  if (objects.length === 0) {
    if (application.known === 0) return { ...nothing, problems: [] };
    const message = `the source holds no manifest; the ${application.known} objects applied from it are kept`;
    return { ...nothing, problems: [fileProblem('.', message)] };
  }
  await application.write();
  if (application.problems.length === 0) await application.prune();
  const { applied, unchanged, pruned } = application;
  return { applied, unchanged, pruned, problems: application.problems };
}
