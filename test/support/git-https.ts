import { spawn } from 'node:child_process';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** What git itself makes of a request: where its answer begins, and the rest of it as it comes. */
interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Readable;
}

/** The first bytes up to the blank line, and a stream of what follows. */
async function split(output: Readable): Promise<{ head: string; body: Readable }> {
  let head = Buffer.alloc(0);
  const chunks = output[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  for (;;) {
    const { value, done } = await chunks.next();
    if (done === true) throw new Error('git http-backend said nothing');
    head = Buffer.concat([head, value]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) continue;
    const rest = head.subarray(end + 4);
    const body = (async function* () {
      yield rest;
      yield* { [Symbol.asyncIterator]: () => chunks };
    })();
    return { head: head.subarray(0, end).toString('latin1'), body: Readable.from(body) };
  }
}

/** Runs `git http-backend`, as any web server does by CGI. */
async function backend(root: string, request: IncomingMessage): Promise<Answer> {
  const { pathname, search } = new URL(request.url ?? '/', 'https://x');
  const header = (name: string) => String(request.headers[name] ?? '');
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'] ?? '',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: header('git-protocol'),
      REQUEST_METHOD: request.method ?? '',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: header('content-type'),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => undefined);
  request.pipe(child.stdin);
  const { head, body } = await split(child.stdout);
  const headers = head.split('\r\n').map((line) => {
    const at = line.indexOf(':');
    return [line.slice(0, at), line.slice(at + 1).trim()] as const;
  });
  const status = headers.find(([name]) => name === 'Status')?.[1];
  return {
    status: status === undefined ? 200 : Number.parseInt(status, 10),
    headers: headers.filter(([name]) => name !== 'Status'),
    body,
  };
}

/** How the body of an answer is sent. */
export type SendBody = (body: Readable, response: ServerResponse) => Promise<void>;

/** Serves the repositories below a folder by git's own program. */
export function gitServer(
  root: string,
  send: SendBody = (body, response) => pipeline(body, response),
): RequestListener {
  return (request, response) => {
    backend(root, request)
      .then(({ status, headers, body }) =>
        send(body, response.writeHead(status, Object.fromEntries(headers))),
      )
      // Whoever asked has gone.
      .catch(() => response.destroy());
  };
}
