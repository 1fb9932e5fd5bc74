import { guard } from '../../../../src/apiserver/http/guard.ts';
import { limiter } from '../../../../src/apiserver/http/limits.ts';
import { describe, expect, it } from '../../../support/runner.ts';

/** The status of the answer that a check leads to. */
function outcome(check: () => unknown): { readonly code: number; readonly text: string } {
  try {
    check();
    return { code: 200, text: '' };
  } catch (error) {
    const { status } = error as { status: { code: number } };
    return { code: status.code, text: JSON.stringify(status) };
  }
}

const TOKEN = 'q3jD8sVbT2c0wz1vXkYlR5uNfGhJmPaE7oI9tLdKxCs';
const check = guard({ token: TOKEN, hosts: ['lamina.example'] });
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
  {
    why: 'one health check without token',
    headers: { host: '10.0.0.7' },
    path: '/readyz/ping',
    status: 200,
  },
  {
    why: 'a health check with another token',
    headers: { host: 'localhost', authorization: 'Bearer other' },
    path: '/livez',
    status: 401,
  },
  {
    why: 'a path like a health check',
    headers: { host: 'localhost' },
    path: '/livezx',
    status: 401,
  },
  {
    why: 'the token in the name of somebody',
    headers: { host: 'localhost', authorization: bearer, 'impersonate-user': 'somebody' },
    status: 403,
  },
  {
    why: 'the token with what somebody else may do',
    headers: { host: 'localhost', authorization: bearer, 'impersonate-extra-scopes': 'x' },
    status: 403,
  },
];

describe('the guard', () => {
  it.each(CASES)('answers $status to $why', ({ headers, status, path = '/api' }) => {
    const { code, text } = outcome(() => check({ method: 'GET', path, headers }));
    expect(code).toBe(status);
    expect(text).not.toContain(TOKEN.slice(0, 10));
  });
});

const get = (path: string) => ({ method: 'GET', path, headers: {} }) as const;

describe('limits', () => {
  it('refuse what is too much, and take requests again when others are done', () => {
    const take = limiter({ strangers: 1, requests: 2, watches: 1 });
    const first = take(get('/a'), true);
    take(get('/b'), true);
    const { code, text } = outcome(() => take(get('/c'), true));
    expect(code).toBe(429);
    expect(JSON.parse(text)).toMatchObject({
      reason: 'TooManyRequests',
      details: { retryAfterSeconds: 1 },
    });
    first();
    expect(outcome(() => take(get('/d'), true)).code).toBe(200);
  });

  it('count watches, and whoever has no token, apart from the rest', () => {
    const take = limiter({ strangers: 1, requests: 1, watches: 1 });
    take(get('/a?watch=true'), true);
    take(get('/healthz'), false);
    expect(outcome(() => take(get('/healthz'), false)).code).toBe(429);
    expect(outcome(() => take(get('/a'), true)).code).toBe(200);
    expect(outcome(() => take(get('/a?watch=1'), true)).code).toBe(429);
  });
});
