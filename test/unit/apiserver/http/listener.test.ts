import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import { serverCertificate } from '../../../../src/apiserver/certificates/authority.ts';
import { ApiError } from '../../../../src/apiserver/model/errors.ts';
import { createAuthority } from '../../../../src/apiserver/certificates/certificate.ts';
import { listen, type Listener } from '../../../../src/apiserver/http/listener.ts';
import type { ApiRequest, Transport } from '../../../../src/core/transport.ts';
import { systemClock } from '../../../../src/host/clock.ts';
import { silentLog } from '../../../../src/host/log.ts';
import { run } from '../../../../src/host/run.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../../support/runner.ts';

const now = Date.now();
const authority = createAuthority('test', { fromMs: now - 1000, untilMs: now + 86_400_000 });
const MiB = 2 ** 20;

let seen: ApiRequest[] = [];
let ended = 0;

async function* ticks(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  try {
    yield Buffer.from('first\n');
    await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
  } finally {
    ended += 1;
  }
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('half');
  await Promise.resolve();
  throw new Error('the store is gone');
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // Ends at once.
}

const transport: Transport = (request) => {
  seen.push(request);
  const bodies: Record<string, () => AsyncIterable<Uint8Array>> = {
    '/watch': () => ticks(request.signal),
    '/broken': broken,
  };
  const body = (bodies[request.path] ?? nothing)();
  return Promise.resolve({ status: 200, headers: { 'content-type': 'text/plain' }, body });
};

let admitted = 0;

const service = {
  admit: ({ path }: { readonly path: string }) => {
    if (path === '/forbidden') throw new ApiError(403, 'Forbidden', 'not here');
    admitted += 1;
    return () => {
      admitted -= 1;
    };
  },
  transport,
};

let listener: Listener;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let authorityPath: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  authorityPath = join(folder.path, 'ca.pem');
  await writeFile(authorityPath, authority.certificate);
  const certificate = serverCertificate(authority, ['localhost', '127.0.0.1'], now);
  listener = await listen(service, {
    host: '127.0.0.1',
    port: 0,
    certificate,
    clock: systemClock,
    log: silentLog,
  });
});

afterAll(async () => {
  await listener.close();
  await folder[Symbol.asyncDispose]();
});

/** Waits for something that other code brings about; the test's time-out bounds it. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function send(method: string, path: string, body?: Uint8Array): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = listener;
    const options = { host: '127.0.0.1', port, method, path, ca: authority.certificate };
    const request = httpsRequest(options, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** curl speaks both protocols and shares no code with the server. */
async function curl(...args: readonly string[]): Promise<string> {
  const base = `https://127.0.0.1:${listener.port}`;
  const options = args.map((arg) => (arg.startsWith('/') ? `${base}${arg}` : arg));
  const { stdout } = await run('curl', ['-sS', '--cacert', authorityPath, ...options], {
    okCodes: [0, 18, 92],
  });
  return stdout;
}

describe.each(['--http1.1', '--http2'])('a request by curl %s', (protocol) => {
  it('arrives with method, path, headers and body', async () => {
    seen = [];
    const args = ['-X', 'PATCH', '-H', 'X-Test: yes', '-d', 'text', '/a/b?c=%20d'];
    const version = await curl(protocol, '-w', '%{http_version} %{http_code}', ...args);
    expect(version).toBe(protocol === '--http2' ? '2 200' : '1.1 200');
    expect(seen[0]).toMatchObject({
      method: 'PATCH',
      path: '/a/b?c=%20d',
      headers: { 'x-test': 'yes', host: `127.0.0.1:${listener.port}` },
    });
    expect(Buffer.from(seen[0]?.body ?? []).toString()).toBe('text');
  });

  it('sees the headers and the first event of a watch at once, and its end frees the watcher', async () => {
    const before = ended;
    const script = `timeout 1 curl -sSN --cacert "$1" ${protocol} "$0/watch" | head -1`;
    const base = `https://127.0.0.1:${listener.port}`;
    const text = await run('sh', ['-c', script, base, authorityPath]);
    expect(text.stdout).toBe('first\n');
    await until(() => ended > before);
  });

  it('never waits for the acknowledgement of the client', async () => {
    const asked = Array.from({ length: 40 }, (_, number) => `/x?${number}`);
    const told = await curl(protocol, '-w', '%{time_total}\n', ...asked);
    const times = told.trim().split('\n').map(Number);
    // One connection: held back (Nagle against delayed acknowledgements), most would take 0.04 s.
    expect(times.toSorted((left, right) => left - right)[20]).toBeLessThan(0.02);
  });

  it('can tell a broken answer from a complete one', async () => {
    const out = await curl(protocol, '-w', ' %{exitcode}', '/broken');
    expect(out).toMatch(/ (18|92)$/);
  });

  it.each(['OPTIONS', 'TRACE', 'BREW'])('is refused with the method %s', async (method) => {
    const out = await curl(protocol, '-w', ' %{http_code}', '-X', method, '/x');
    // Node's HTTP/1.1 parser knows a fixed list of methods and answers 400 beyond it.
    expect(out).toMatch(method === 'BREW' ? / (400|405)$/ : / 405$/);
  });
});

describe('the listener', () => {
  it('takes bodies of 3 MiB and refuses one byte more with a Status', async () => {
    expect((await send('POST', '/x', Buffer.alloc(3 * MiB))).status).toBe(200);
    const refused = await send('POST', '/x', Buffer.alloc(3 * MiB + 1));
    expect(refused.status).toBe(413);
    expect(JSON.parse(refused.text)).toMatchObject({ reason: 'RequestEntityTooLarge' });
  });

  it('refuses a body whose length is not told once it is too long', async () => {
    const session = connectHttp2(`https://127.0.0.1:${listener.port}`, {
      ca: authority.certificate,
    });
    const stream = session.request({ ':method': 'POST', ':path': '/x' });
    const response = once(stream, 'response') as Promise<[Record<string, unknown>]>;
    stream.on('error', () => undefined);
    for (let sent = 0; sent < 4; sent += 1) stream.write(Buffer.alloc(MiB));
    const [headers] = await response;
    expect(headers[':status']).toBe(413);
    session.destroy();
  });

  it('answers who is not let in before the body comes, and counts who is', async () => {
    const session = connectHttp2(`https://127.0.0.1:${listener.port}`, {
      ca: authority.certificate,
    });
    session.on('error', () => undefined);
    const stream = session.request({ ':method': 'POST', ':path': '/forbidden' });
    stream.on('error', () => undefined);
    // The body never ends.
    stream.write('x');
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(headers[':status']).toBe(403);
    session.destroy();
    expect((await send('POST', '/x', Buffer.from('x'))).status).toBe(200);
    await until(() => admitted === 0);
  });

  it('refuses TLS 1.1', async () => {
    const socket = connectTls({
      host: '127.0.0.1',
      port: listener.port,
      ca: authority.certificate,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toMatch(/alert|protocol/);
  });

  it('uses a renewed certificate for new connections', async () => {
    const subject = async () => {
      const socket = connectTls({
        host: '127.0.0.1',
        port: listener.port,
        ca: authority.certificate,
      });
      await once(socket, 'secureConnect');
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    };
    const first = await subject();
    listener.renew(serverCertificate(authority, ['127.0.0.1'], now));
    expect(await subject()).not.toBe(first);
  });

  it('ends watches and closes although clients hold on', async () => {
    const certificate = serverCertificate(authority, ['127.0.0.1'], now);
    const other = await listen(service, {
      host: '127.0.0.1',
      port: 0,
      certificate,
      clock: systemClock,
      log: silentLog,
    });
    const session = connectHttp2(`https://127.0.0.1:${other.port}`, { ca: authority.certificate });
    session.on('error', () => undefined);
    const stream = session.request({ ':path': '/watch' });
    stream.on('error', () => undefined);
    await once(stream, 'data');
    const before = ended;
    await other.close();
    await until(() => ended > before);
    expect(ended).toBe(before + 1);
  });
});
