import { constants, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Clock } from '../../core/clock.ts';
import type { ApiRequest, ApiResponse, Transport } from '../../core/transport.ts';
import { messageOf } from '../../core/failure.ts';
import type { Log } from '../../host/log.ts';
import { isApiError } from '../objects/errors.ts';
import { answer, errorAnswer } from './answer.ts';
import { bodyTooLarge, bodyTooSlow, internalError, methodNotAllowed } from './refusals.ts';

/** Largest request body, as upstream's. */
export const MAX_BODY_BYTES = 3 * 2 ** 20;
const BODY_MS = 30_000;
/** A client that takes nothing for this long is cut off; a watcher resumes where it was. */
const STALL_MS = 60_000;

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** Sends headers before there is a body; both protocols can, though the types tell of one only. */
type Response = Http2ServerResponse & { flushHeaders(): void };

/** One request with the place for its answer, in HTTP/1.1 or HTTP/2 alike. */
export interface Exchange {
  readonly request: Http2ServerRequest;
  readonly response: Http2ServerResponse;
  readonly clock: Clock;
  readonly log: Log;
}

/** Runs work under a deadline; what is late gets the error. */
async function within<Result>(
  clock: Clock,
  limitMs: number,
  work: Promise<Result>,
  late: () => Error,
): Promise<Result> {
  const done = new AbortController();
  const deadline = clock.sleep(limitMs, done.signal).then(() => {
    throw late();
  });
  // Whichever loses the race settles later without anybody looking.
  deadline.catch(() => undefined);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, deadline]);
  } finally {
    done.abort();
  }
}

async function collect(request: Http2ServerRequest): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
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

async function requestOf(exchange: Exchange, signal: AbortSignal): Promise<ApiRequest> {
  const { request } = exchange;
  if (!METHODS.has(request.method)) throw methodNotAllowed();
  const body = await bodyOf(exchange);
  return {
    method: request.method as ApiRequest['method'],
    path: request.url,
    headers: headersOf(request),
    signal,
    ...(body === undefined ? {} : { body }),
  };
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

/** Ends an answer so that the client sees that it is incomplete. */
function cut({ request, response }: Exchange): void {
  if (request.httpVersionMajor >= 2) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else request.socket.destroy();
}

async function send(exchange: Exchange, answered: ApiResponse, signal: AbortSignal): Promise<void> {
  const { request, response, clock } = exchange;
  // What is left of the body is not read: the connection cannot be used again.
  const unread = request.httpVersionMajor < 2 && !request.complete;
  const headers = { ...answered.headers, ...(unread ? { connection: 'close' } : {}) };
  response.writeHead(answered.status, headers);
  (response as Response).flushHeaders();
  for await (const chunk of answered.body) {
    if (signal.aborted) return;
    if (response.write(chunk)) continue;
    await within(clock, STALL_MS, drained(response), () => new Error('the client stalls'));
  }
  response.end();
}

async function answerOf(
  exchange: Exchange,
  transport: Transport,
  signal: AbortSignal,
): Promise<ApiResponse> {
  try {
    return await transport(await requestOf(exchange, signal));
  } catch (error) {
    return errorAnswer(isApiError(error) ? error : internalError());
  }
}

/** Serves one exchange by a transport. `closing` ends it when the server closes. Never rejects. */
export async function serveExchange(
  exchange: Exchange,
  transport: Transport,
  closing: AbortSignal,
): Promise<void> {
  const { request, response } = exchange;
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, closing]);
  response.on('close', () => gone.abort());
  // An error of the connection shows as its close.
  response.on('error', () => undefined);
  request.on('error', () => undefined);
  try {
    const answered = request.url.startsWith('/')
      ? await answerOf(exchange, transport, signal)
      : answer(400, '');
    await send(exchange, answered, signal);
  } catch (error) {
    const fields = { method: request.method, error: messageOf(error) };
    exchange.log.debug('an answer was cut off', fields);
    cut(exchange);
  }
}
