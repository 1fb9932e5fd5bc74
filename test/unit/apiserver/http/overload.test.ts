import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { readKubeconfig, type KubeconfigTarget } from '../../../../src/kube/kubeconfig.ts';
import { run } from '../../../../src/host/run.ts';
import { servedApi } from '../../../support/cli.ts';
import { eventually } from '../../../support/eventually.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../../support/runner.ts';

/* Real sockets by the thousand against a real server; curl is the client that must get through. */

const MAPS = '/api/v1/namespaces/default/configmaps';
const CROWD = 1500;
/** Each costs two handshakes here, that of the test being one. */
const TLS_CROWD = 1100;

let api: Awaited<ReturnType<typeof servedApi>>;
let target: KubeconfigTarget;
let port: number;
let crowd: Socket[];
let gone: number;

beforeEach(async () => {
  api = await servedApi();
  target = await readKubeconfig(join(api.dataDir, 'kubeconfig'));
  port = Number(new URL(target.server).port);
  crowd = [];
  gone = 0;
});

afterEach(async () => {
  for (const socket of crowd) socket.destroy();
  await api[Symbol.asyncDispose]();
});

const bearer = () => ({ authorization: `Bearer ${target.token}` });

function keep<Kind extends Socket>(socket: Kind): Kind {
  socket.on('error', () => undefined).once('close', () => (gone += 1));
  crowd.push(socket);
  return socket;
}

const tcp = () => keep(connectTcp(port, '127.0.0.1')).resume();
const tls = () => keep(connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false })).resume();

/** What the token gets that is served: a list, as somebody who comes fresh. */
async function listByCurl(...args: readonly string[]): Promise<string> {
  const header = `authorization: Bearer ${target.token}`;
  const what = ['-w', '\n%{http_code}', '-H', header, ...args, `${target.server}${MAPS}`];
  const { stdout } = await run('curl', ['-sSk', '--max-time', '20', ...what]);
  return stdout.split('\n').at(-1) ?? '';
}

interface Told {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

/** One request over HTTP/1.1 on a connection of its own. Resolves with the whole answer. */
function ask(method: string, path: string, options: { headers?: object; body?: Buffer } = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<Told>();
  const { headers = {}, body } = options;
  const where = { host: '127.0.0.1', port, path, agent: false, rejectUnauthorized: false };
  const request = httpsRequest({ ...where, method, headers: { ...headers } }, (response) => {
    const { statusCode: status = 0, headers: answered } = response;
    let text = '';
    const told = () => resolve({ status, retryAfter: answered['retry-after'], text });
    response.on('data', (chunk: Buffer) => (text += chunk.toString()));
    response.on('end', told).on('error', reject);
    // A stream that goes on is known by its headers.
    if (answered['content-length'] === undefined) told();
  });
  request.on('socket', keep).on('error', reject);
  request.end(body);
  return promise;
}

const REFUSAL = {
  kind: 'Status',
  status: 'Failure',
  reason: 'TooManyRequests',
  code: 429,
  details: { retryAfterSeconds: 1 },
};

/** So many were told that it is too much, in the words of the documentation. */
function expectRefused(told: readonly Told[], count: number): void {
  const refused = told.filter(({ status }) => status !== 200);
  expect(refused).toHaveLength(count);
  for (const { text, ...rest } of refused) {
    expect(rest).toEqual({ status: 429, retryAfter: '1' });
    expect(JSON.parse(text)).toMatchObject(REFUSAL);
  }
}

describe('strangers in a crowd', () => {
  it.each([
    { why: 'that say nothing', make: tcp, size: CROWD, ready: 'connect', first: '' },
    {
      why: 'half-way in their handshake',
      make: tcp,
      size: CROWD,
      ready: 'connect',
      first: '\x16\x03\x01\x02',
    },
    {
      why: 'that say nothing after it',
      make: tls,
      size: TLS_CROWD,
      ready: 'secureConnect',
      first: '',
    },
    {
      why: 'with headers that do not end',
      make: tls,
      size: TLS_CROWD,
      ready: 'secureConnect',
      first: 'GET / HT',
    },
    {
      why: 'that were refused',
      make: tls,
      size: TLS_CROWD,
      ready: 'secureConnect',
      first: 'GET /api HTTP/1.1\r\nhost: localhost\r\n\r\n',
    },
  ])('$why keep no holder of the token out', async ({ make, size, ready, first }) => {
    const made = Array.from({ length: size }, async () => {
      const socket = make();
      await Promise.race([once(socket, ready), once(socket, 'close')]).catch(() => undefined);
      if (first !== '') socket.write(first, 'latin1');
    });
    await Promise.all(made);
    expect(await listByCurl()).toBe('200');
    expect(await listByCurl('--http1.1')).toBe('200');
    await eventually(() => gone >= size - 512, 'the oldest are dropped');
  });

  it('do not end a connection that has shown the token', async () => {
    const holder = tls();
    await once(holder, 'secureConnect');
    const text = `GET ${MAPS} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${target.token}\r\n\r\n`;
    holder.write(text);
    await once(holder, 'data');
    for (let count = 0; count < CROWD; count += 1) tcp();
    await eventually(() => gone >= CROWD - 512, 'the oldest are dropped');
    holder.write(text);
    const [answer] = (await once(holder, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('use up nobody else’s place by asking for health with bodies that never end', async () => {
    for (let count = 0; count < 300; count += 1) {
      const socket = tls();
      const head = 'POST /healthz HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n';
      socket.once('secureConnect', () => socket.write(head));
    }
    const last = crowd.at(-1);
    if (last === undefined) throw new Error('nobody came');
    const [answer] = (await once(last, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 401 /);
    expect(await listByCurl()).toBe('200');
  });
});

describe('more than is served at a time', () => {
  it('1,100 watches over HTTP/1.1: 1,024 run, the others are told, requests go on', async () => {
    const watch = () => ask('GET', `${MAPS}?watch=1`, { headers: bearer() });
    const told: Told[] = [];
    // A hundred at a time: of more than 512 that have not shown the token yet, the oldest are dropped.
    for (let count = 0; count < 1100; count += 100) {
      told.push(...(await Promise.all(Array.from({ length: 100 }, watch))));
    }
    expectRefused(told, 76);
    expect(await listByCurl()).toBe('200');
    expect(await listByCurl('--http1.1')).toBe('200');
    expect((await watch()).status).toBe(429);
    // Whoever leaves gives the place back.
    for (const socket of crowd) socket.destroy();
    await eventually(() => gone === crowd.length, 'all are gone');
    expect((await watch()).status).toBe(200);
  });

  it('1,200 watches over HTTP/2: the same', async () => {
    const told: Told[] = [];
    const sessions = Array.from({ length: 6 }, () => {
      const session = connectHttp2(target.server, { rejectUnauthorized: false });
      return session.on('error', () => undefined);
    });
    for (let count = 0; count < 1200; count += 1) {
      const path = `${MAPS}?watch=1`;
      const stream = sessions[count % 6]?.request({ ':path': path, ...bearer() });
      stream
        ?.on('error', () => undefined)
        .on('response', (headers) => {
          const answer = { status: headers[':status'] ?? 0, retryAfter: headers['retry-after'] };
          if (answer.status === 200) told.push({ ...answer, text: '' });
          let text = '';
          stream.on('data', (chunk) => (text += String(chunk)));
          stream.on('end', () => told.push({ ...answer, text }));
        });
    }
    await eventually(() => told.length === 1200, 'all are told');
    expectRefused(told, 176);
    expect(await listByCurl()).toBe('200');
    for (const session of sessions) session.destroy();
  });

  it('256 requests that last: the next is told so even while it sends, watches go on', async () => {
    const head = `POST ${MAPS} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${target.token}\r\n`;
    for (let count = 0; count < 256; count += 1) {
      const socket = tls();
      socket.once('secureConnect', () => socket.write(`${head}content-length: 9\r\n\r\nhalf`));
    }
    const headers = bearer();
    const probe = async () => (await ask('GET', MAPS, { headers })).status;
    while ((await probe()) !== 429);
    for (let count = 0; count < 20; count += 1) {
      expectRefused([await ask('POST', MAPS, { headers, body: Buffer.alloc(2 ** 21) })], 1);
    }
    expect((await ask('GET', `${MAPS}?watch=1`, { headers })).status).toBe(200);
  });
});

/** Sends a whole request before it reads anything, as simple clients do. */
async function sendAll(fields: readonly string[], body: Buffer): Promise<string> {
  const socket = keep(connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }));
  await once(socket, 'secureConnect');
  socket.pause();
  const head = [`POST ${MAPS} HTTP/1.1`, 'host: localhost', ...fields, '', ''].join('\r\n');
  await new Promise((resolve) => socket.write(Buffer.concat([Buffer.from(head), body]), resolve));
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString())).resume();
  await once(socket, 'close');
  return text;
}

const MiB = 2 ** 20;

describe('a body that nobody wants', () => {
  it.each([
    { why: 'of a stranger', isHolder: false, length: `content-length: ${8 * MiB}`, status: 401 },
    { why: 'that is too large', isHolder: true, length: `content-length: ${8 * MiB}`, status: 413 },
    {
      why: 'that turns out to be too large',
      isHolder: true,
      length: 'transfer-encoding: chunked',
      status: 413,
    },
  ])('$why does not hide the refusal', async ({ isHolder, length, status }) => {
    const token = isHolder ? [`authorization: Bearer ${target.token}`] : [];
    const bytes = Buffer.alloc(8 * MiB, 'x');
    const chunk = Buffer.concat([Buffer.from('800000\r\n'), bytes, Buffer.from('\r\n0\r\n\r\n')]);
    for (let count = 0; count < 5; count += 1) {
      const body = length.startsWith('transfer') ? chunk : bytes;
      const text = await sendAll([length, ...token], body);
      expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(text).toContain('"kind":"Status"');
    }
  });
});
