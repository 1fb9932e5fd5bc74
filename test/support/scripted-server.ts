import type { ApiRequest, ApiResponse, Transport } from '../../src/core/transport.ts';

/** A body that a test feeds by hand. */
export class Stream implements AsyncIterable<Uint8Array> {
  readonly request: ApiRequest;
  private readonly waiting: (Uint8Array | Error | 'end')[] = [];
  private wake: () => void = () => undefined;

  constructor(request: ApiRequest) {
    this.request = request;
  }

  get query(): URLSearchParams {
    return new URL(this.request.path, 'http://script').searchParams;
  }

  /** Sends one event as a line. */
  event(type: string, object: unknown): void {
    this.push(Buffer.from(`${JSON.stringify({ type, object })}\n`));
  }

  /** FIN. */
  end(): void {
    this.push('end');
  }

  /** RST. */
  reset(): void {
    this.push(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  }

  private push(item: Uint8Array | Error | 'end'): void {
    this.waiting.push(item);
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const item = this.waiting.shift();
      if (item === undefined) {
        await new Promise<void>((resolve) => (this.wake = resolve));
      } else if (item === 'end') return;
      else if (item instanceof Uint8Array) yield item;
      else throw item;
    }
  }
}

/** A server whose every answer a test decides. Ignores abort signals, as a dead network does. */
export class ScriptedServer {
  readonly lists: ApiRequest[] = [];
  readonly watches: Stream[] = [];
  /** What lists return. */
  items: unknown[] = [];
  version = '100';
  /** What the next watches fail of before they are open. */
  readonly refusals: Error[] = [];

  readonly transport: Transport = (request) => {
    const isWatch = request.path.includes('watch=true');
    if (isWatch) return this.open(request);
    this.lists.push(request);
    const metadata = { resourceVersion: this.version };
    const list = { apiVersion: 'v1', kind: 'List', metadata, items: this.items };
    const body = once(JSON.stringify(list));
    return Promise.resolve({ status: 200, headers: {}, body });
  };

  /** The watch that was opened last. */
  get watch(): Stream {
    const last = this.watches.at(-1);
    if (last === undefined) throw new Error('no watch is open');
    return last;
  }

  private open(request: ApiRequest): Promise<ApiResponse> {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return Promise.reject(refusal);
    const stream = new Stream(request);
    this.watches.push(stream);
    return Promise.resolve({ status: 200, headers: {}, body: stream });
  }
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
