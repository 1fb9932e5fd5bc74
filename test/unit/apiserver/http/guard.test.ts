import { guarded } from '../../../../src/apiserver/http/guard.ts';
import { limited } from '../../../../src/apiserver/http/limits.ts';
import type { ApiResponse, Transport } from '../../../../src/core/transport.ts';
import { describe, expect, it } from '../../../support/runner.ts';

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('ok');
}

const ok: Transport = () => Promise.resolve({ status: 200, headers: {}, body: pieces() });

async function textOf(response: ApiResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const TOKEN = 'q3jD8sVbT2c0wz1vXkYlR5uNfGhJmPaE7oI9tLdKxCs';
const guard = guarded(ok, { token: TOKEN, hosts: ['lamina.example'] });
const bearer = `Bearer ${TOKEN}`;

interface Case {
  readonly why: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
  readonly path?: string;
}

const CASES: readonly Case[] = [
  { why: 'the token', headers: { host: '127.0.0.1:1', authorization: bearer }, status: 200 },
  {
    why: 'the scheme in any case',
    headers: { host: '[::1]:6443', authorization: `bearer  ${TOKEN}` },
    status: 200,
  },
  {
    why: 'the name it listens on',
    headers: { host: 'LAMINA.example:1', authorization: bearer },
    status: 200,
  },
  { why: 'no token', headers: { host: 'localhost' }, status: 401 },
  { why: 'an empty token', headers: { host: 'localhost', authorization: 'Bearer ' }, status: 401 },
  {
    why: 'the start of the token',
    headers: { host: 'localhost', authorization: bearer.slice(0, -1) },
    status: 401,
  },
  {
    why: 'another scheme',
    headers: { host: 'localhost', authorization: `Basic ${TOKEN}` },
    status: 401,
  },
  {
    why: 'a web page, though it holds the token',
    headers: { host: 'localhost', origin: 'https://evil.example', authorization: bearer },
    status: 403,
  },
  {
    why: 'a sandboxed web page',
    headers: { host: 'localhost', origin: 'null', authorization: bearer },
    status: 403,
  },
  {
    why: 'a name that was rebound to this address',
    headers: { host: 'evil.example:6443', authorization: bearer },
    status: 403,
  },
  {
    why: 'a name that begins like an address',
    headers: { host: '127.0.0.1.evil.example', authorization: bearer },
    status: 403,
  },
  { why: 'no host', headers: { authorization: bearer }, status: 403 },
  {
    why: 'a health check without token',
    headers: { host: '10.0.0.7' },
    path: '/readyz?verbose',
    status: 200,
  },
  {
    why: 'a health check by a rebound name',
    headers: { host: 'evil.example' },
    path: '/readyz',
    status: 403,
  },
  { why: 'a path below a health check', headers: { host: 'x' }, path: '/readyz/x', status: 403 },
];

describe('the guard', () => {
  it.each(CASES)('answers $status to $why', async ({ headers, status, path = '/api' }) => {
    const response = await guard({ method: 'GET', path, headers });
    expect(response.status).toBe(status);
    const text = await textOf(response);
    expect(text).not.toContain(TOKEN.slice(0, 10));
    if (status !== 200) {
      expect(JSON.parse(text)).toMatchObject({ kind: 'Status', status: 'Failure', code: status });
    }
  });
});

const get = (path: string) => ({ method: 'GET', path, headers: {} }) as const;

describe('limits', () => {
  it('refuse what is too much, and take requests again when others are done', async () => {
    const few = limited(ok, { requests: 2, watches: 1 });
    const [first, second] = [await few(get('/a')), await few(get('/b'))];
    const refused = await few(get('/c'));
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toBe('1');
    expect(JSON.parse(await textOf(refused))).toMatchObject({ reason: 'TooManyRequests' });
    await textOf(first);
    expect((await few(get('/d'))).status).toBe(200);
    await textOf(second);
  });

  it('count watches apart from the rest', async () => {
    const few = limited(ok, { requests: 1, watches: 1 });
    await few(get('/a?watch=true'));
    expect((await few(get('/a'))).status).toBe(200);
    expect((await few(get('/a?watch=1'))).status).toBe(429);
  });

  it('give the place back when serving failed', async () => {
    const few = limited(() => Promise.reject(new Error('no')), { requests: 1, watches: 1 });
    await expect(few(get('/a'))).rejects.toThrow('no');
    await expect(few(get('/a'))).rejects.toThrow('no');
  });
});
