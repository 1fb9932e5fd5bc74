import { constants, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Clock } from '../../core/clock.ts';
import type { ApiRequest, ApiResponse, Transport } from '../../core/transport.ts';
import { messageOf } from '../../core/failure.ts';
import type { Log } from '../../host/log.ts';
import { badRequest, isApiError } from '../model/errors.ts';
import { errorAnswer } from './answer.ts';
import type { Visit } from './connections.ts';
import { within } from './deadline.ts';
import { targetOf } from './handler.ts';
import { isHealthPath } from './health.ts';
import { bodyTooLarge, bodyTooSlow, methodNotAllowed } from './refusals.ts';

/** Largest request body, as upstream's. */
const MAX_BODY_BYTES = 3 * 2 ** 20;
const BODY_MS = 30_000;
/** A client that takes nothing for this long is cut off; a watcher resumes where it was. */
const STALL_MS = 60_000;
/** How long a refused body is still taken, so that its sender gets to read the refusal. */
const LINGER_MS = 5000;

const METHODS: readonly ApiRequest['method'][] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** A request before its body was read. */
export type RequestHead = Pick<ApiRequest, 'method' | 'path' | 'headers'>;

/** What stands behind the listener. */
export interface Service {
  /**
   * Called before the body is read, so that nobody unknown can make the server hold one. Throws an
   * ApiError for whom it does not let in; what it returns is called when the exchange is over.
   * `trusted` is called for whoever shows the token, let in or not.
   */
  admit(head: RequestHead, trusted: () => void): () => void;
  readonly transport: Transport;
}

/** Sends headers before there is a body; both protocols can, though the types tell of one only. */
type Response = Http2ServerResponse & { flushHeaders(): void };

/** One request with the place for its answer, in HTTP/1.1 or HTTP/2 alike. */
export interface Exchange {
  readonly request: Http2ServerRequest;
  readonly response: Http2ServerResponse;
  /** Of the connection that it came on. */
  readonly visit: Visit;
  readonly clock: Clock;
  readonly log: Log;
}

async function collect(request: Http2ServerRequest): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // An iterator that is left early would end the connection before the refusal is sent.
  const body: AsyncIterable<Uint8Array> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw bodyTooLarge(MAX_BODY_BYTES);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function bodyOf({ request, clock }: Exchange): Promise<Uint8Array | undefined> {
  if (request.method === 'GET') return undefined;
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
    throw bodyTooLarge(MAX_BODY_BYTES);
  }
  const body = await within(clock, BODY_MS, collect(request), bodyTooSlow);
  return body.length === 0 ? undefined : body;
}

function headersOf(request: Http2ServerRequest): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === 'string') headers[name] = value;
    else if (Array.isArray(value)) headers[name] = value.join(', ');
  }
  const authority = headers[':authority'];
  if (authority !== undefined) headers['host'] = authority;
  return headers;
}

function headOf(request: Http2ServerRequest): RequestHead {
  // Balancers look by HEAD whether a server is well; Node leaves the body of the answer away.
  const isLook = request.method === 'HEAD' && isHealthPath(targetOf(request.url).path);
  const method = isLook ? 'GET' : METHODS.find((each) => each === request.method);
  if (method === undefined) throw methodNotAllowed();
  if (!request.url.startsWith('/')) throw badRequest('the path does not begin with a slash');
  return { method, path: request.url, headers: headersOf(request) };
}

function drained(response: Http2ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

/**
 * Takes the rest of a body that nobody wants. Closing with bytes unread resets the connection, and the
 * reset overtakes the answer.
 */
async function discard({ request, clock }: Exchange): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  request.once('end', resolve).once('close', resolve).resume();
  await within(clock, LINGER_MS, promise, () => new Error('the client sends on'));
}

/** Ends an answer so that the client sees that it is incomplete. */
function cut({ request, response }: Exchange): void {
  if (request.httpVersionMajor >= 2) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else request.socket.destroy();
}

async function send(exchange: Exchange, answered: ApiResponse, signal: AbortSignal): Promise<void> {
  const { request, response, clock } = exchange;
  // What is left of the body is thrown away: the connection is not used again.
  const unread = request.httpVersionMajor < 2 && !request.complete;
  const headers = { ...answered.headers, ...(unread ? { connection: 'close' } : {}) };
  response.writeHead(answered.status, headers);
  (response as Response).flushHeaders();
  for await (const chunk of answered.body) {
    if (signal.aborted) return;
    if (response.write(chunk)) continue;
    await within(clock, STALL_MS, drained(response), () => new Error('the client stalls'));
  }
  if (unread && !request.complete) await discard(exchange).catch(() => undefined);
  response.end();
}

async function serve(exchange: Exchange, service: Service, signal: AbortSignal): Promise<void> {
  const head = headOf(exchange.request);
  const release = service.admit(head, () => exchange.visit.trusted());
  try {
    const body = await bodyOf(exchange);
    const request = { ...head, signal, ...(body === undefined ? {} : { body }) };
    await send(exchange, await service.transport(request), signal);
  } finally {
    release();
  }
}

/** Serves one exchange. `closing` ends it when the server closes. Never rejects. */
export async function serveExchange(
  exchange: Exchange,
  service: Service,
  closing: AbortSignal,
): Promise<void> {
  const { request, response, visit, log } = exchange;
  const ending = new AbortController();
  const { signal } = ending;
  const end = () => ending.abort();
  closing.addEventListener('abort', end);
  response.on('close', () => {
    closing.removeEventListener('abort', end);
    visit.over();
    // After the end nobody listens any more, and an abort is an error with a stack.
    if (!response.writableEnded) end();
  });
  // An error of the connection shows as its close.
  response.on('error', () => undefined);
  request.on('error', () => undefined);
  try {
    await serve(exchange, service, signal).catch((error: unknown) => {
      if (!isApiError(error) || response.headersSent) throw error;
      return send(exchange, errorAnswer(error), signal);
    });
  } catch (error) {
    log.debug('an answer was cut off', { method: request.method, error: messageOf(error) });
    cut(exchange);
  }
}
