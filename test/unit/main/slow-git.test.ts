import { mkdir, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openApiServer } from '../../../src/apiserver/server.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { silentLog } from '../../../src/host/log.ts';
import { run } from '../../../src/host/run.ts';
import { kubeClient } from '../../../src/kube/client.ts';
import { resourceOf } from '../../../src/kube/resource.ts';
import { sourceReader } from '../../../src/main/source-reader.ts';
import { parseGitUrl } from '../../../src/sources/git-url.ts';
import { ManualClock } from '../../support/clock.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { workTree } from '../../support/git.ts';
import { gitServer, type SendBody } from '../../support/git-https.ts';
import { processesNaming } from '../../support/processes.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../support/runner.ts';
import { secureServer, type SecureServer } from '../../support/secure-server.ts';
import { until } from '../../support/until.ts';

const CONNECTOR = `apiVersion: lamina.dev/v1alpha1\nkind: ConnectorConfig\nmetadata: {name: one}\nspec: {local: {}}\n`;
const PACK_REQUEST = 5;

let made: AsyncDisposableStack;
let folder: string;
let revision: string;
let server: SecureServer;
let requests: number;
let answer: RequestListener;

beforeEach(async () => {
  made = new AsyncDisposableStack();
  folder = made.use(await temporaryFolder()).path;
  const tree = await workTree(join(folder, 'work'));
  await tree.write('a.yaml', CONNECTOR);
  revision = await tree.commit();
  requests = 0;
  answer = gitServer(folder);
  server = made.use(
    await secureServer(folder, (request, response) => {
      requests += 1;
      answer(request, response);
    }),
  );
  await writeHastyGit(join(folder, 'bin'));
});
afterEach(() => made.disposeAsync());

/** A git whose patience with slow servers is a fifteenth of what our configuration says: two seconds. */
async function writeHastyGit(bin: string): Promise<void> {
  const git = (await run('sh', ['-c', 'command -v git'])).stdout.trim();
  const patience = `$(( $(${git} config --file "$GIT_DIR/config" http.lowSpeedTime) / 15 ))`;
  const script = `#!/bin/sh\nexec ${git} -c http.lowSpeedTime=${patience} "$@"\n`;
  await mkdir(bin);
  await writeFile(join(bin, 'git'), script, { mode: 0o755 });
}

interface More {
  readonly clock?: ManualClock;
  readonly environment?: Readonly<Record<string, string>>;
}

function read({ clock, environment = { GIT_SSL_CAINFO: server.caFile } }: More = {}) {
  const PATH = `${join(folder, 'bin')}:${process.env['PATH']}`;
  const reader = sourceReader({
    clock: clock ?? systemClock,
    log: silentLog,
    environment: { PATH, HOME: '/nonexistent', ...environment },
  });
  const location = parseGitUrl(`${server.url}/work/.git#main`, { allowLocal: false });
  const place = { kind: 'git', location, cache: join(folder, 'cache') } as const;
  return reader({ place, namespace: 'default' }, new AbortController().signal);
}

const drip: SendBody = async (body, response) => {
  for await (const chunk of body) {
    for (const byte of chunk as Uint8Array) {
      if (response.destroyed) return;
      response.write(Uint8Array.of(byte));
      await delay(50);
    }
  }
  response.end();
};

/** Answers as git does until some request, and from that on in another way. */
function from(first: number, other: RequestListener): RequestListener {
  const good = gitServer(folder);
  return (request, response) => (requests < first ? good : other)(request, response);
}

const silence: RequestListener = () => undefined;

describe('a git server', () => {
  it('is read over https, where its authority is known', async () => {
    const reading = await read();
    expect(reading).toMatchObject({ revision, problems: [], objects: [{ name: 'one' }] });
    expect(requests).toBe(PACK_REQUEST);
  });

  it('is not read where its authority is not known', async () => {
    await expect(read({ environment: {} })).rejects.toMatchObject({
      consequence: 'Denied',
      code: 'CertificateRefused',
      hint: expect.stringContaining('GIT_SSL_CAINFO'),
    });
    expect(requests).toBe(0);
  });

  it.each([
    { why: 'says nothing after the handshake', first: 1, other: () => silence },
    { why: 'says nothing when asked for the pack', first: PACK_REQUEST, other: () => silence },
    { why: 'drips its first answer', first: 1, other: () => gitServer(folder, drip) },
    { why: 'drips the pack', first: PACK_REQUEST, other: () => gitServer(folder, drip) },
  ])('is given up when it $why, and read when it is well again', async ({ first, other }) => {
    answer = from(first, other());
    await expect(read()).rejects.toMatchObject({
      consequence: 'Transient',
      code: 'RepositoryUnreachable',
      message: expect.stringMatching(/Operation too slow.* 2 seconds/),
    });
    expect(requests).toBe(first);
    answer = gitServer(folder);
    expect(await read()).toMatchObject({ revision, objects: [{ name: 'one' }] });
  });

  it('that says nothing holds up nobody who asks the API, and ends with the time of the reader', async () => {
    const api = made.adopt(
      await openApiServer({
        dataDir: join(folder, 'api'),
        listen: { host: '127.0.0.1', port: 0 },
        clock: systemClock,
        random: Math.random,
        log: silentLog,
        version: '0.0.0',
      }),
      (open) => open.close(),
    );
    const client = kubeClient(api.handler);
    answer = silence;
    const clock = new ManualClock();
    let isOver = false;
    const reading = read({ clock }).finally(() => {
      isOver = true;
    });
    const ended = expect(reading).rejects.toMatchObject({
      consequence: 'Denied',
      code: 'SourceOverLimit',
      message: expect.stringContaining('600 seconds'),
    });
    await until('a git that asks', async () => requests > 0);
    for (let i = 0; i < 20; i += 1) {
      await client.get(resourceOf('ConnectorConfig'), 'default', 'one');
      expect(isOver).toBe(false);
    }
    clock.advance(600_000);
    await ended;
    await until('its end', async () => (await processesNaming(server.url)).length === 0);
  });
});

describe('a redirect of a git server', () => {
  it.each([
    { why: 'a file', first: 1, location: () => `file://${folder}/work/.git` },
    { why: 'this machine', first: 1, location: (other: string) => `${other}/work/.git/info/refs` },
    { why: 'this machine, unencrypted', first: 1, location: () => 'http://127.0.0.1:1/x' },
    { why: 'itself', first: 1, location: () => '/work/.git/info/refs?service=git-upload-pack' },
    { why: 'this machine, for the pack', first: PACK_REQUEST, location: (other: string) => other },
  ])('to $why is not followed', async ({ first, location }) => {
    let reached = 0;
    const good = gitServer(folder);
    const other = made.use(
      await secureServer(folder, (request, response) => {
        reached += 1;
        good(request, response);
      }),
    );
    answer = from(first, (_, response) =>
      response.writeHead(302, { location: location(other.url) }).end(),
    );
    await expect(read()).rejects.toMatchObject({
      consequence: 'Denied',
      code: 'RepositoryMoved',
      hint: expect.stringContaining('redirects are not followed'),
    });
    expect({ requests, reached }).toEqual({ requests: first, reached: 0 });
  });
});
