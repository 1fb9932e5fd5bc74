import { randomUUID } from 'node:crypto';
import { isFailure } from '../../../src/core/failure.ts';
import { kubeClient, type KubeClient } from '../../../src/kube/client.ts';
import { CONFIGMAPS, NAMESPACES, pathOf, SECRETS } from '../../../src/kube/resource.ts';
import { textOf } from '../../../src/kube/lines.ts';
import { eventually } from '../../support/eventually.ts';
import type { Exchange } from '../../support/exchange.ts';
import type { FaultProxy } from '../../support/fault-proxy.ts';
import { Mirror, type TextMap } from './mirror.ts';
import { Place } from './place.ts';
import { SwiftClock } from './swift-clock.ts';

/** How many writes `write` consists of. */
export const WRITES = 5;
const MAX_LIST_BYTES = 2 ** 24;

/** A config map whose text no single byte can hold. */
function textMap(namespace: string, name: string, text: string): TextMap {
  const metadata = { namespace, name };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { text: `Größe 🗜 ${text}` } };
}

/** A namespace of a server, and a mirror of it behind a proxy that does harm. */
export class Stage {
  readonly namespace: string;
  readonly proxy: FaultProxy;
  readonly clock: SwiftClock;
  readonly mirror: Mirror;
  /** What writes through the proxy failed of. */
  readonly refusals = new Set<string>();
  private readonly place: Place;
  private readonly direct: KubeClient;

  private constructor(place: Place, clock: SwiftClock, namespace: string) {
    this.place = place;
    this.clock = clock;
    this.namespace = namespace;
    this.proxy = place.proxy;
    this.direct = kubeClient(place.straight.send);
    this.mirror = new Mirror(place.client, clock, { namespace });
  }

  /** Some objects, a mirror that shows them, and its watch. */
  static async open(kubeconfig: string): Promise<Stage> {
    const clock = new SwiftClock();
    const place = await Place.open(kubeconfig, clock);
    const namespace = `faults-${randomUUID().slice(0, 8)}`;
    await prepare(kubeClient(place.straight.send), namespace);
    const stage = new Stage(place, clock, namespace);
    await stage.settled();
    return stage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mirror.stop();
    await this.place[Symbol.asyncDispose]();
  }

  /** The watch that was asked for last. */
  get watch(): Exchange {
    const last = this.proxy.of('watch').at(-1);
    if (last === undefined) throw new Error('nobody watches');
    return last;
  }

  /** From now on the proxy believes another token, which nobody has yet. */
  expireToken(): void {
    this.place.expireToken();
  }

  /** Gives the new token to whoever reads the kubeconfig again. */
  handOutToken(): Promise<void> {
    return this.place.handOutToken();
  }

  /** The list as the server gives it now. */
  async listNow(): Promise<string> {
    const path = pathOf(CONFIGMAPS, this.namespace);
    const { body } = await this.place.straight.send({ method: 'GET', path, headers: {} });
    return textOf(body, MAX_LIST_BYTES);
  }

  /** More objects than a page of a list holds. */
  async fill(count: number): Promise<void> {
    const all = Array.from({ length: count }, (_, at) => textMap(this.namespace, `m-${at}`, 'x'));
    await Promise.all(all.map((map) => this.direct.create(CONFIGMAPS, map)));
    await this.settled();
  }

  /** One change, past the proxy. */
  async touch(name: string, text: string): Promise<void> {
    const { data } = textMap(this.namespace, name, text);
    await this.direct.mergePatch(CONFIGMAPS, { namespace: this.namespace, name }, { data });
  }

  /** A change that nobody here follows: the version of everything rises. */
  async writeElsewhere(): Promise<void> {
    const metadata = { namespace: this.namespace, name: 'elsewhere' };
    await this.direct.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata });
  }

  /** Every sort of change, through the proxy, each again until it holds. */
  async write(): Promise<void> {
    const { namespace } = this;
    const { client } = this.place;
    const { data } = textMap(namespace, 'a', 'changed');
    const create = (name: string) => client.create(CONFIGMAPS, textMap(namespace, name, 'new'));
    const remove = (name: string) => client.remove(CONFIGMAPS, { namespace, name });
    const changes: readonly (() => Promise<unknown>)[] = [
      () => client.mergePatch(CONFIGMAPS, { namespace, name: 'a' }, { data }),
      () => remove('b'),
      () => remove('c'),
      () => create('c'),
      () => create('d'),
    ];
    for (const change of changes) await this.insist(change);
  }

  /** Waits until the mirror shows what the server has, every fault has struck, and the watch is open. */
  async settled(): Promise<void> {
    const { items } = await this.direct.list<TextMap>(CONFIGMAPS, { namespace: this.namespace });
    const isWatching = () => this.proxy.of('watch').at(-1)?.isRunning === true;
    const isSettled = () =>
      this.mirror.differences(items).length === 0 && this.proxy.pending === 0 && isWatching();
    await eventually(isSettled, 'the mirror shows what is there').catch((cause: unknown) => {
      throw new Error(this.mirror.differences(items).join('\n'), { cause });
    });
  }

  private async insist(change: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await change();
        return;
      } catch (error) {
        if (!isFailure(error)) throw error;
        if (error.code === 'AlreadyExists') return;
        this.refusals.add(error.code);
      }
    }
  }
}

async function prepare(client: KubeClient, namespace: string): Promise<void> {
  const metadata = { name: namespace };
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata });
  for (const name of ['a', 'b', 'c']) {
    await client.create(CONFIGMAPS, textMap(namespace, name, 'old'));
  }
}
