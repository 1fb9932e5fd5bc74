import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LineSplitter } from '../../src/core/lines.ts';
import type { ApiRequest, ApiResponse, Transport } from '../../src/core/transport.ts';

const MAX_LINE_BYTES = 2 ** 24;
/** These are about one connection, and the proxy has two. */
const OF_CONNECTION = new Set(['host', 'connection', 'transfer-encoding', 'content-length']);

/** What a request is about. */
export type Sort = 'watch' | 'list' | 'write' | 'read';

/** A collection, in all namespaces or in one; anything longer names an object. */
const COLLECTION = /^\/(api|apis\/[^/]+)\/[^/]+(\/namespaces\/[^/]+)?\/[^/]+$/;

function sortOf({ method = '', url = '' }: IncomingMessage): Sort {
  if (method !== 'GET') return 'write';
  const { pathname, searchParams } = new URL(url, 'https://proxy');
  if (searchParams.get('watch') === 'true') return 'watch';
  return COLLECTION.test(pathname) ? 'list' : 'read';
}

function headersFor(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !OF_CONNECTION.has(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, [value].flat().join(', ')]));
}

/** All of a stream. */
export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

/** One request on its way to the server, and what its client gets. */
export class Exchange {
  readonly sort: Sort;
  readonly query: URLSearchParams;
  /** What becomes of each event of a watch; it is sent on unless a test decides otherwise. */
  relay: (line: string) => void | Promise<void> = (line) => this.bytes(`${line}\n`);
  /** All events that the server sent, or its one answer. */
  readonly lines: string[] = [];
  private readonly request: IncomingMessage;
  private readonly response: ServerResponse;
  private readonly upstream: Transport;
  /** RST. */
  readonly reset: () => void;
  private isMute = false;
  private readonly gone = new AbortController();

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    { upstream, reset }: { readonly upstream: Transport; readonly reset: () => void },
  ) {
    this.request = request;
    this.response = response;
    this.upstream = upstream;
    this.reset = reset;
    this.sort = sortOf(request);
    this.query = new URL(request.url ?? '', 'https://proxy').searchParams;
    response.on('close', () => this.gone.abort());
  }

  /** Whether the client is there, and its answer has no end yet. */
  get isOpen(): boolean {
    const { writableEnded, socket } = this.response;
    return !this.gone.signal.aborted && !writableEnded && socket?.writable !== false;
  }

  /** The server's answer, which the client has not seen. */
  async ask(): Promise<ApiResponse> {
    const { method, url = '', headers } = this.request;
    const body = await bytesOf(this.request);
    return this.upstream({
      method: method as ApiRequest['method'],
      path: url,
      headers: headersFor(headers),
      signal: this.gone.signal,
      ...(body.length === 0 ? {} : { body }),
    });
  }

  /** Hands the request to the server, and its answer to the client, after other bytes if there are any. */
  async pass(first = ''): Promise<void> {
    const { status, headers, body } = await this.ask();
    this.begin(status, headers);
    if (first !== '') this.bytes(first);
    if (this.sort !== 'watch' || status !== 200) {
      const bytes = await bytesOf(body);
      this.lines.push(bytes.toString());
      this.bytes(bytes);
      return this.end();
    }
    const splitter = new LineSplitter(MAX_LINE_BYTES);
    for await (const chunk of body) {
      for (const line of splitter.push(chunk)) {
        this.lines.push(line);
        await this.relay(line);
      }
    }
    this.end();
  }

  /** The head of an answer. */
  begin(status = 200, headers: Readonly<Record<string, string>> = {}): void {
    this.response.writeHead(status, headersFor(headers));
    this.response.flushHeaders();
  }

  /** Whether the head of the answer was sent, and not its end. */
  get isRunning(): boolean {
    return this.isOpen && this.response.headersSent;
  }

  /** An answer of our own. */
  answer(status: number, body: unknown = '', headers: Readonly<Record<string, string>> = {}): void {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    this.response.writeHead(status, { 'content-type': 'application/json', ...headers });
    this.response.end(text);
  }

  /** Sends bytes of an answer that has begun. */
  bytes(bytes: string | Uint8Array): void {
    if (this.isOpen && !this.isMute) this.response.write(bytes);
  }

  /** Sends one event of our own. */
  event(type: string, object: unknown): void {
    this.bytes(`${JSON.stringify({ type, object })}\n`);
  }

  /** Nothing more is sent, for ever: a stream with a hole in it is nothing that a network makes. */
  mute(): void {
    this.isMute = true;
  }

  /** The end of an answer, in good order. */
  end(): void {
    this.response.end();
  }

  /** FIN, wherever the answer is. */
  cut(): void {
    this.mute();
    this.response.socket?.end();
  }

  /** Resolves when the client has gone away. */
  async closed(): Promise<void> {
    if (!this.gone.signal.aborted) await once(this.response, 'close');
  }
}

/** A Status as servers write them. */
export function statusOf(code: number, reason?: string, more: object = {}): object {
  const message = `${reason ?? code}, says the script`;
  const base = { kind: 'Status', apiVersion: 'v1', status: 'Failure', metadata: {} };
  return { ...base, code, message, ...(reason === undefined ? {} : { reason }), ...more };
}
