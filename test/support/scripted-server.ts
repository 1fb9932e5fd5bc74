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

  /** Sends bytes as they are. */
  bytes(bytes: Uint8Array): void {
    this.push(bytes);
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

/** What the next request of a sort gets instead of the usual answer. */
export type Reply = { status: number; body?: unknown; headers?: Record<string, string> } | Error;

/** A server whose every answer a test decides. Ignores abort signals, as a dead network does. */
export class ScriptedServer {
  readonly lists: ApiRequest[] = [];
  readonly watches: Stream[] = [];
  /** What lists return. */
  items: unknown[] = [];
  version = '100';
  readonly listReplies: Reply[] = [];
  readonly watchReplies: Reply[] = [];

  readonly transport: Transport = (request) => {
    const isWatch = request.path.includes('watch=true');
    const reply = (isWatch ? this.watchReplies : this.listReplies).shift();
    if (reply instanceof Error) return Promise.reject(reply);
    if (reply !== undefined) return Promise.resolve(answer(reply));
    if (!isWatch) {
      this.lists.push(request);
      const metadata = { resourceVersion: this.version };
      const list = { apiVersion: 'v1', kind: 'List', metadata, items: this.items };
      return Promise.resolve(answer({ status: 200, body: list }));
    }
    const stream = new Stream(request);
    this.watches.push(stream);
    return Promise.resolve({ status: 200, headers: {}, body: stream });
  };

  /** The watch that was opened last. */
  get watch(): Stream {
    const last = this.watches.at(-1);
    if (last === undefined) throw new Error('no watch is open');
    return last;
  }
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

function answer(reply: Exclude<Reply, Error>): ApiResponse {
  const { status, body = {}, headers = {} } = reply;
  return { status, headers, body: once(JSON.stringify(body)) };
}
