import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { Agent } from 'undici';
import { systemClock } from '../../../src/host/clock.ts';
import { download } from '../../../src/host/download.ts';
import { openNetwork } from '../../../src/host/network.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../support/runner.ts';
import { secureServer, type SecureServer } from '../../support/secure-server.ts';

const BODY = 'the installer';
const SHA256 = createHash('sha256').update(BODY).digest('hex');
const SECRET = { Authorization: 'Bearer hunter2', 'X-Tenant': 'hunter2' };

let made: AsyncDisposableStack;
let folder: string;
/** Two servers of one authority: their ports make them two origins. */
let near: SecureServer;
let far: SecureServer;
let told: string[];
let asked: number;
let answers: Record<string, RequestListener>;

beforeEach(async () => {
  made = new AsyncDisposableStack();
  folder = made.use(await temporaryFolder()).path;
  told = [];
  asked = 0;
  answers = {};
  const serve = (name: string) =>
    secureServer(folder, (request, response) => {
      const { authorization = '-', 'x-tenant': tenant = '-' } = request.headers;
      told.push(`${name}${request.url} ${authorization} ${String(tenant)}`);
      const answer = answers[`${name}${request.url}`];
      if (answer === undefined) response.end(BODY);
      else answer(request, response);
    });
  near = made.use(await serve('near'));
  far = made.use(await serve('far'));
});
afterEach(() => made.disposeAsync());

const to =
  (location: string): RequestListener =>
  (_, response) =>
    response.writeHead(302, { location }).end();

async function get(url: string): Promise<void> {
  const dispatcher = new Agent({ connect: { ca: near.ca } });
  const network = { ...openNetwork({ allowLocal: true }), dispatcher };
  const headers = () => {
    asked += 1;
    return Promise.resolve(SECRET);
  };
  const wanted = {
    url,
    sha256: SHA256,
    path: join(folder, 'files', 'x'),
    mostBytes: 1000,
    headers,
  };
  try {
    await download(wanted, { network, clock: systemClock });
  } finally {
    await dispatcher.destroy();
    await network.close();
  }
}

const failing = (url: string) =>
  get(url).then(
    () => Promise.reject(new Error('it was fetched')),
    (error: unknown) => error,
  );

describe('secret headers', () => {
  it('go to the origin of the url, wherever it redirects to within itself', async () => {
    answers['near/a'] = to('/b');
    answers['near/b'] = to(`${near.url}/c`);
    await get(`${near.url}/a`);
    expect(told).toEqual(['a', 'b', 'c'].map((path) => `near/${path} Bearer hunter2 hunter2`));
    expect(asked).toBe(1);
  });

  it('go to no other origin, and to none after it', async () => {
    answers['near/a'] = to(`${far.url}/b`);
    answers['far/b'] = to(`${near.url}/c`);
    await get(`${near.url}/a`);
    expect(told).toEqual(['near/a Bearer hunter2 hunter2', 'far/b - -', 'near/c - -']);
  });

  it('are not even asked for where the url is not encrypted', async () => {
    expect(await failing(near.url.replace('https:', 'http:'))).toMatchObject({
      code: 'SecretOverHttp',
      consequence: 'Impossible',
      hint: expect.stringContaining('https'),
    });
    expect({ asked, told }).toEqual({ asked: 0, told: [] });
  });

  it('are not asked for where the file is there', async () => {
    await get(near.url);
    await get(near.url);
    expect({ asked, requests: told.length }).toEqual({ asked: 1, requests: 1 });
  });

  it.each([
    { why: 'refuses', answer: (_, response) => response.writeHead(401).end('no hunter2') },
    { why: 'is in trouble', answer: (_, response) => response.writeHead(503).end('hunter2') },
    { why: 'breaks the connection', answer: (request) => request.socket.destroy() },
    { why: 'sends them on unencrypted', answer: to('http://127.0.0.1:1/hunter2') },
    { why: 'sends something else', answer: (_, response) => response.end('hunter2') },
  ] satisfies readonly { readonly why: string; readonly answer: RequestListener }[])(
    'are repeated by no message when the server $why',
    async ({ answer }) => {
      answers['near/x'] = answer;
      const error = await failing(`${near.url}/x`);
      expect(told).toHaveLength(1);
      expect(JSON.stringify(error) + String(error)).not.toContain('hunter2');
      expect(error).toMatchObject({ code: expect.stringMatching(/^Download|^Redirect/) });
      expect(await readdir(join(folder, 'files'))).toEqual([]);
    },
  );
});
