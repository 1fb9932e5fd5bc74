import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KubeconfigTarget } from '../../src/kube/kubeconfig.ts';
import { networkTransport, type NetworkTransport } from '../../src/kube/network.ts';
import { Exchange, statusOf, type Sort } from './exchange.ts';
import { secureServer, type SecureServer } from './secure-server.ts';

/** What strikes a request instead of being passed on. */
export type Fault = (exchange: Exchange) => void | Promise<void>;

/**
 * Stands between a client and a server, speaks TLS with both, and does to requests what a test says: the first
 * fault of a sort strikes the next request of that sort, and so on. All else is passed on.
 */
export class FaultProxy {
  /** Requests in their order. */
  readonly seen: Exchange[] = [];
  /** Whose token is believed. */
  token = 'first';
  /** How many came with another one. */
  refused = 0;
  private readonly faults: Readonly<Record<Sort, Fault[]>> = {
    watch: [],
    list: [],
    write: [],
    read: [],
  };
  private readonly upstream: NetworkTransport;
  private server: SecureServer | undefined;
  private isOver = false;

  private constructor(target: KubeconfigTarget) {
    this.upstream = networkTransport(target);
  }

  /** Opens one before a server; its authority lies in the folder. */
  static async open(target: KubeconfigTarget, folder: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    proxy.server = await secureServer(folder, (request, response) => {
      void proxy.take(request, response);
    });
    return proxy;
  }

  get url(): string {
    return this.server?.url ?? '';
  }

  get ca(): string {
    return this.server?.ca ?? '';
  }

  /** Lets faults strike the next requests of a sort, one each. */
  next(sort: Sort, ...faults: readonly Fault[]): void {
    this.faults[sort].push(...faults);
  }

  /** Requests of a sort, in their order. */
  of(sort: Sort): readonly Exchange[] {
    return this.seen.filter((exchange) => exchange.sort === sort);
  }

  /** Begins anew: nothing was seen, and nothing will strike. */
  forget(): void {
    this.seen.length = 0;
    for (const faults of Object.values(this.faults)) faults.length = 0;
  }

  /** How many faults have not struck yet. */
  get pending(): number {
    return Object.values(this.faults).reduce((sum, { length }) => sum + length, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isOver = true;
    await this.server?.[Symbol.asyncDispose]();
    await this.upstream.close();
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reset = () => this.server?.reset(request);
    const exchange = new Exchange(request, response, { upstream: this.upstream.send, reset });
    const isKnown = request.headers.authorization === `Bearer ${this.token}`;
    if (!isKnown) {
      this.refused += 1;
      return exchange.answer(401, statusOf(401, 'Unauthorized'));
    }
    this.seen.push(exchange);
    const fault: Fault = this.faults[exchange.sort].shift() ?? (() => exchange.pass());
    try {
      await fault(exchange);
    } catch (error) {
      // Whoever goes away ends what it asked for, and so do we.
      if (exchange.isOpen && !this.isOver) throw error;
    }
  }
}
