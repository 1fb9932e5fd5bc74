import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Agent } from 'undici';
import type { Clock } from '../../../src/core/clock.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { download } from '../../../src/host/download.ts';
import { localHost } from '../../../src/host/local-address.ts';
import { openNetwork, type NetworkOptions, type Resolve } from '../../../src/host/network.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { secureServer } from '../../support/secure-server.ts';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
} from '../../support/runner.ts';

const BODY = 'the installer';
const SHA256 = createHash('sha256').update(BODY).digest('hex');

let server: Server;
let base: string;
let requests = 0;
let answer: RequestListener;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  server = createServer((request, response) => {
    requests += 1;
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(async () => {
  folder = await temporaryFolder();
  requests = 0;
  answer = (_, response) => response.end(BODY);
});
afterEach(() => folder[Symbol.asyncDispose]());

interface More extends Partial<NetworkOptions> {
  readonly sha256?: string;
  readonly mostBytes?: number;
  readonly clock?: Clock;
  /** Hosts are judged although every address may be connected to: the servers of a test have no other. */
  readonly judgeHosts?: boolean;
}

async function get(url: string, more: More = {}): Promise<void> {
  const { sha256 = SHA256, mostBytes = 1000, clock = systemClock, judgeHosts, ...options } = more;
  const open = openNetwork({ allowLocal: true, ...options });
  const network = judgeHosts === true ? { ...open, refused: localHost } : open;
  const path = join(folder.path, 'file');
  try {
    await download({ url, sha256, path, mostBytes }, { network, clock });
  } finally {
    await open.close();
  }
}

const failing = (url: string, more: More = {}) =>
  get(url, more).then(
    () => Promise.reject(new Error('it was fetched')),
    (error: unknown) => error,
  );

/** A name service that says of every name what the test says. */
const saying =
  (...addresses: readonly string[]): Resolve =>
  (_, __, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

describe('download', () => {
  it('fetches once, follows redirects and leaves nothing else behind', async () => {
    answer = (request, response) => {
      if (request.url === '/a') response.writeHead(302, { location: '/b' }).end();
      else response.end(BODY);
    };
    await get(`${base}/a`);
    await get(`${base}/a`);
    expect(requests).toBe(2);
    expect(await readdir(folder.path)).toEqual(['file']);
    expect(await readFile(join(folder.path, 'file'), 'utf8')).toBe(BODY);
  });

  it.each([
    { why: 'another content', more: { sha256: '0'.repeat(64) }, code: 'DownloadDiffers' },
    { why: 'more than allowed', more: { mostBytes: 5 }, code: 'DownloadTooLarge' },
    { why: 'a missing file', status: 404, code: 'DownloadRefused' },
    { why: 'a closed door', status: 403, code: 'DownloadRefused' },
    { why: 'a server in trouble', status: 503, code: 'DownloadFailed' },
    { why: 'a connection that breaks', broken: true, code: 'DownloadFailed' },
  ])('fails with $why and leaves nothing', async ({ more = {}, status, broken, code }) => {
    answer = (request, response) => {
      if (broken === true) {
        response
          .writeHead(200, { 'content-length': '1000' })
          .write('part', () => request.destroy());
      } else response.writeHead(status ?? 200).end(BODY);
    };
    const error = await failing(`${base}/x?token=secret`, more);
    expect(error).toMatchObject({ code, message: expect.not.stringContaining('secret') });
    expect(await readdir(folder.path)).toEqual([]);
  });

  it.each(['file:///etc/passwd', 'ftp://x/y', 'data:,hello', '/etc/passwd', '', 'http://u:p/w@x/'])(
    'refuses the address %j',
    async (url) => {
      expect(await failing(url)).toMatchObject({ code: 'BadUrl', consequence: 'Impossible' });
    },
  );

  it.each(['http://user:hunter2@', 'http://hunter2@', 'http://:hunter2@'])(
    'refuses a name or a password in %s for good, and does not repeat it',
    async (begin) => {
      const error = await failing(base.replace('http://', begin));
      expect(error).toMatchObject({ code: 'UrlWithPassword', consequence: 'Impossible' });
      expect(String(error)).not.toContain('hunter2');
      expect(requests).toBe(0);
    },
  );

  it('gives up a server that says nothing', async () => {
    answer = () => undefined;
    expect(await failing(base, { patienceMs: 50 })).toMatchObject({ code: 'DownloadFailed' });
    answer = (_, response) => response.writeHead(200).write('t');
    expect(await failing(base, { patienceMs: 50 })).toMatchObject({ code: 'DownloadFailed' });
  });

  it('gives up a server that sends a byte now and then', async () => {
    let now = 0;
    let more = (): void => undefined;
    answer = (_, response) => {
      response.writeHead(200).write('t');
      more = () => response.write('h');
    };
    // Whenever somebody looks at the clock, 40 seconds have passed and another byte is on its way.
    const elapsed = () => {
      more();
      return (now += 40_000);
    };
    const clock: Clock = { ...systemClock, elapsed };
    expect(await failing(base, { clock })).toMatchObject({
      code: 'DownloadFailed',
      consequence: 'Transient',
      message: expect.stringMatching(/sent only \d+ bytes in 80 seconds/),
    });
  });
});

describe('a redirect', () => {
  it.each([
    { why: 'a file', location: 'file:///etc/passwd', says: 'another protocol, file:' },
    { why: 'a program', location: 'javascript:1', says: 'another protocol, javascript:' },
    { why: 'no address', location: 'http://[', says: 'no address' },
    { why: 'a password', location: 'http://u:hunter2@x.test/', says: 'with a name or a password' },
    { why: 'the loopback', location: 'http://127.0.0.1:1/', says: 'which is the machine itself' },
    { why: 'a number', location: 'http://2130706433/', says: 'which is the machine itself' },
    { why: 'metadata', location: 'http://169.254.169.254/x', says: 'which is a metadata service' },
    { why: 'metadata, mapped', location: '//[::ffff:a9fe:a9fe]/', says: 'a metadata service' },
  ])('to $why is not followed', async ({ location, says }) => {
    answer = (_, response) => response.writeHead(302, { location }).end('moved');
    const url = base.replace('127.0.0.1', 'media.test');
    const error = await failing(url, { resolve: saying('127.0.0.1'), judgeHosts: true });
    expect(error).toMatchObject({
      code: 'RedirectRefused',
      consequence: 'Denied',
      message: expect.stringContaining(says),
    });
    expect(String(error)).not.toContain('hunter2');
    expect(requests).toBe(1);
  });

  it('is not followed from a connection that is encrypted to one that is not', async () => {
    await using secure = await secureServer(folder.path, (_, response) =>
      response.writeHead(302, { location: base }).end(),
    );
    const dispatcher = new Agent({ connect: { ca: secure.ca } });
    const network = { ...openNetwork({ allowLocal: true }), dispatcher };
    const path = join(folder.path, 'file');
    const wanted = { url: `${secure.url}/x`, sha256: SHA256, path, mostBytes: 1000 };
    const error = await download(wanted, { network, clock: systemClock }).catch((thrown) => thrown);
    await dispatcher.destroy();
    expect(error).toMatchObject({
      code: 'RedirectRefused',
      message: expect.stringContaining('not encrypted'),
    });
    expect(requests).toBe(0);
  });

  it('is followed ten times, not more', async () => {
    answer = (request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end(BODY);
      else response.writeHead(307, { location: `/${left - 1}` }).end();
    };
    expect(await failing(`${base}/11`)).toMatchObject({ code: 'RedirectRefused' });
    await get(`${base}/10`);
    expect(await readdir(folder.path)).toEqual(['file']);
  });

  it('is not followed in circles', async () => {
    answer = (_, response) => response.writeHead(301, { location: '/' }).end();
    expect(await failing(base)).toMatchObject({ code: 'RedirectRefused' });
    expect(requests).toBe(11);
  });
});

describe('an address that is refused', () => {
  it('is refused for good where the url gives it', async () => {
    expect(await failing(base, { allowLocal: false })).toMatchObject({
      code: 'AddressRefused',
      consequence: 'Impossible',
      hint: expect.stringContaining('--allow-local-media'),
    });
    expect(requests).toBe(0);
  });

  it.each([
    { why: 'the loopback', addresses: ['127.0.0.1'], says: 'the machine itself' },
    { why: 'the loopback, mapped', addresses: ['::ffff:127.0.0.1'], says: 'the machine itself' },
    { why: 'this link', addresses: ['fe80::1%lo', '169.254.1.1'], says: 'link-local' },
    { why: 'metadata', addresses: ['169.254.169.254'], says: 'a metadata service' },
    { why: 'nothing', addresses: [], says: 'no address' },
  ])('is found when a name turns out to lead to $why', async ({ addresses, says }) => {
    const url = base.replace('127.0.0.1', 'media.test');
    const error = await failing(url, { allowLocal: false, resolve: saying(...addresses) });
    expect(error).toMatchObject({
      code: 'AddressRefused',
      consequence: 'Denied',
      message: expect.stringContaining(says),
    });
    expect(requests).toBe(0);
  });

  it('is found when a name changes between two connections', async () => {
    // The first answer would be taken; whoever asks twice connects to the second.
    const answers = [['192.0.2.1'], ['127.0.0.1']];
    let asked = 0;
    const resolve: Resolve = (host, options, done) =>
      saying(...(answers[Math.min(asked++, 1)] ?? []))(host, options, done);
    resolve('media.test', { all: true }, (_, found) => expect(found[0]?.address).toBe('192.0.2.1'));
    const url = base.replace('127.0.0.1', 'media.test');
    expect(await failing(url, { allowLocal: false, resolve })).toMatchObject({
      code: 'AddressRefused',
    });
    expect({ asked, requests }).toEqual({ asked: 2, requests: 0 });
  });

  it('is reached where the operator allows it', async () => {
    await get(base.replace('127.0.0.1', 'media.test'), { resolve: saying('127.0.0.1') });
    expect(requests).toBe(1);
  });
});
