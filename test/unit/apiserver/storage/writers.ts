import type { ApiObject } from '../../../../src/api/object.ts';
import { isFailure } from '../../../../src/core/failure.ts';
import type { Random } from '../../../../src/core/clock.ts';
import type { KubeClient } from '../../../../src/kube/client.ts';
import { resourceOf } from '../../../../src/kube/resource.ts';
import { body } from '../../../support/api-core.ts';

/** What is written: a kind that has a status of its own. */
export const LAYERS = resourceOf('AppLayer');
const NAMESPACE = 'default';
/** Few enough that writers meet on the same object, enough that most writes succeed. */
const NAMES = 300;
const LONGEST_TEXT = 2000;

/** Two notes that say which requests wrote what an object is: all but its status, and its status. */
export interface Stamped extends ApiObject {
  readonly status?: { readonly handle?: string };
}

/** What clients asked of a server, and what they were answered. */
export class Ledger {
  /** The objects as they were answered, by revision. */
  readonly answered = new Map<string, string>();
  /** Stamps of writes whose end nobody knows. */
  readonly unanswered = new Set<string>();
  /** UIDs that somebody wanted to be gone, and those that were confirmed to be gone. */
  readonly condemned = new Set<string>();
  readonly gone = new Set<string>();
  /** The last that was heard of each object; may be stale, as with every client. */
  readonly known = new Map<string, Stamped>();
  /** Called after each answer that acknowledges a write. */
  onAnswer: () => void = () => undefined;
  /** Set when answers need not come any more. */
  isOver = false;

  constructor(objects: readonly Stamped[]) {
    for (const object of objects) this.known.set(object.metadata.name, object);
  }

  get writes(): number {
    return this.answered.size + this.gone.size;
  }

  took(object: Stamped): void {
    const { name, resourceVersion = '' } = object.metadata;
    this.answered.set(resourceVersion, JSON.stringify(object));
    const before = Number(this.known.get(name)?.metadata.resourceVersion ?? 0);
    if (Number(resourceVersion) > before) this.known.set(name, object);
    this.onAnswer();
  }

  removed({ metadata: { name, uid = '' } }: Stamped): void {
    this.gone.add(uid);
    if (this.known.get(name)?.metadata.uid === uid) this.known.delete(name);
    this.onAnswer();
  }
}

/** What a write changes besides the status. */
function annotations(stamp: string, random: Random): Readonly<Record<string, string>> {
  return { stamp, text: stamp.padEnd(Math.floor(random() * LONGEST_TEXT), '.') };
}

/** The write that is under way: which stamp it carries, and what it does. */
interface Work {
  readonly stamp?: string;
  readonly run: () => Promise<unknown>;
}

/** One client that creates, edits, replaces, reports and deletes, one request after the other. */
class Writer {
  private readonly client: KubeClient;
  private readonly ledger: Ledger;
  private readonly random: Random;
  private readonly id: string;
  private count = 0;

  constructor(client: KubeClient, ledger: Ledger, random: Random, id: string) {
    this.client = client;
    this.ledger = ledger;
    this.random = random;
    this.id = id;
  }

  async write(): Promise<void> {
    while (!this.ledger.isOver) {
      const { stamp, run } = this.next();
      try {
        await run();
      } catch (error) {
        if (!isFailure(error)) throw error;
        if (error.code === 'NotFound' || error.consequence === 'Conflict') continue;
        if (error.consequence !== 'Lost') throw error;
        if (stamp !== undefined) this.ledger.unanswered.add(stamp);
      }
    }
  }

  private next(): Work {
    const name = `layer-${Math.floor(this.random() * NAMES)}`;
    const object = this.ledger.known.get(name);
    this.count += 1;
    const stamp = `${this.id}-${this.count}`;
    if (object === undefined) return { stamp, run: () => this.create(name, stamp) };
    const dice = this.random();
    if (dice < 0.15) return { run: () => this.remove(object) };
    if (dice < 0.45) return { stamp, run: () => this.replace(object, stamp) };
    if (dice < 0.7) return { stamp, run: () => this.edit(object, stamp) };
    return { stamp, run: () => this.report(object, stamp) };
  }

  private async create(name: string, stamp: string): Promise<void> {
    const more = { namespace: NAMESPACE, annotations: annotations(stamp, this.random) };
    const object = body('AppLayer', name, more) as unknown as Stamped;
    this.ledger.took(await this.client.create(LAYERS, object));
  }

  private async replace(object: Stamped, stamp: string): Promise<void> {
    const metadata = { ...object.metadata, annotations: annotations(stamp, this.random) };
    this.ledger.took(await this.client.replace(LAYERS, { ...object, metadata }));
  }

  private async edit({ metadata }: Stamped, stamp: string): Promise<void> {
    const patch = { metadata: { annotations: annotations(stamp, this.random) } };
    this.ledger.took(await this.client.mergePatch<Stamped>(LAYERS, metadata, patch));
  }

  private async report({ metadata }: Stamped, stamp: string): Promise<void> {
    const patch = { status: { handle: stamp } };
    const options = { subresource: 'status' } as const;
    this.ledger.took(await this.client.mergePatch<Stamped>(LAYERS, metadata, patch, options));
  }

  private async remove(object: Stamped): Promise<void> {
    const { uid = '' } = object.metadata;
    this.ledger.condemned.add(uid);
    await this.client.remove(LAYERS, object.metadata, { uid });
    this.ledger.removed(object);
  }
}

/** Writers who work at the same time until the ledger says that it is over. */
export async function writeAll(
  clients: readonly KubeClient[],
  ledger: Ledger,
  { random, id }: { readonly random: Random; readonly id: string },
): Promise<void> {
  const writers = clients.map(
    (client, index) => new Writer(client, ledger, random, `${id}-${index}`),
  );
  await Promise.all(writers.map((writer) => writer.write()));
}
