import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { download } from '../../../src/host/download.ts';
import { temporaryFolder } from '../../support/folder.ts';
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

describe('download', () => {
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
  afterAll(() => void server.close());
  beforeEach(async () => {
    folder = await temporaryFolder();
    requests = 0;
    answer = (_, response) => response.end(BODY);
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  const get = (url: string, more: { sha256?: string; mostBytes?: number } = {}) =>
    download({ url, sha256: SHA256, path: join(folder.path, 'file'), mostBytes: 1000, ...more });

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
    await expect(get(`${base}/x?token=secret`, more)).rejects.toMatchObject({ code });
    await expect(get(`${base}/x?token=secret`, more)).rejects.not.toThrow(/secret/);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it.each(['file:///etc/passwd', 'ftp://x/y', 'data:,hello', '/etc/passwd', ''])(
    'refuses the address %j',
    async (url) => {
      await expect(get(url)).rejects.toMatchObject({ code: 'BadUrl', consequence: 'Impossible' });
    },
  );
});
