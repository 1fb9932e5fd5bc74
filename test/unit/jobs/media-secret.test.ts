import { readdir, readFile, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { systemClock } from '../../../src/host/clock.ts';
import { jsonLog } from '../../../src/host/log.ts';
import { compositionId } from '../../../src/jobs/spec.ts';
import type { Recipe } from '../../../src/jobs/spec.ts';
import { SECRETS } from '../../../src/kube/resource.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { runAfresh } from '../../support/job-end.ts';
import { JobPlace, MEDIA, type JobInstallation } from '../../support/job-place.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import { secureServer, type SecureServer } from '../../support/secure-server.ts';

const CANARY = 'canary-5f1d';

let made: AsyncDisposableStack;
let folder: string;
let place: JobPlace;
let one: JobInstallation;
let server: SecureServer;
const said: string[] = [];
const told: string[] = [];
/** What everybody on this host could see of our processes while the server was asked. */
const seen: string[] = [];

const log = jsonLog(
  (line) => said.push(line),
  () => systemClock.now(),
  { level: 'debug' },
);

async function processes(): Promise<string> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const files = pids.flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
  const texts = await Promise.all(files.map((path) => readFile(path, 'latin1').catch(() => '')));
  return texts.join('\n');
}

async function answerFor(request: IncomingMessage): Promise<number> {
  seen.push(await processes());
  const { authorization = '-' } = request.headers;
  told.push(authorization);
  return authorization === `Bearer ${CANARY}` ? 200 : 401;
}

beforeAll(async () => {
  made = new AsyncDisposableStack();
  folder = made.use(await temporaryFolder()).path;
  place = await JobPlace.create(folder, made);
  server = made.use(
    await secureServer(folder, (request, response) => {
      void answerFor(request).then((status) =>
        response.writeHead(status).end(status === 200 ? MEDIA : `not with ${CANARY}`),
      );
    }),
  );
  const env = { NODE_EXTRA_CA_CERTS: server.caFile };
  one = made.adopt(await place.installation('', { env, log }), ({ runner }) => runner.close());
});
afterAll(() => made.disposeAsync());

/** A recipe whose only medium lies behind the server, and perhaps a Secret that opens it. */
async function behind(title: string, secret?: string, url = server.url): Promise<Recipe> {
  const recipe = one.recipe(await one.os(), [], title);
  if (recipe.task.role !== 'package') throw new Error('it is no package');
  const ref = secret === undefined ? {} : { headersSecretRef: { name: secret } };
  const media = recipe.task.media.map((medium) => ({ ...medium, url, ...ref }));
  return { ...recipe, task: { ...recipe.task, media } };
}

const compose = async (recipe: Recipe) =>
  runAfresh(one.runner, { kind: 'compose', key: 'any', recipe });

async function filesWith(text: string, path: string): Promise<readonly string[]> {
  if ((await stat(path)).isDirectory()) {
    const names = await readdir(path);
    return (await Promise.all(names.map((name) => filesWith(text, join(path, name))))).flat();
  }
  return (await readFile(path)).includes(text) ? [path] : [];
}

describe('media that a Secret opens', () => {
  it('are waited for until the Secret is there and right, and nothing tells what it holds', async () => {
    const recipe = await behind('opened', 'repo');
    const failures = [await compose(recipe)];
    expect(failures).toMatchObject([
      {
        consequence: 'Denied',
        code: 'SecretMissing',
        message: 'there is no Secret default/repo, which the file setup.bin needs',
      },
    ]);
    await place.secret('repo', { Authorization: `Bearer ${CANARY}\n` });
    failures.push(await compose(recipe));
    expect(failures[1]).toMatchObject({ consequence: 'Denied', code: 'HeadersRefused' });
    expect(failures[1]?.message).toMatch(/^Secret default\/repo .* value of Authorization/);
    expect(told).toEqual([]);

    await place.secret('other', { Authorization: `Basic ${CANARY}` });
    failures.push(await compose(await behind('refused', 'other')));
    expect(failures[2]).toMatchObject({ consequence: 'Denied', code: 'DownloadRefused' });
    await place.secret('good', { Authorization: `Bearer ${CANARY}` });
    failures.push(await compose(await behind('good', 'good')));
    expect(failures[3]).toBeUndefined();
    expect(told).toEqual([`Basic ${CANARY}`, `Bearer ${CANARY}`]);

    expect(JSON.stringify([failures, said])).not.toContain(CANARY);
    expect(seen.filter((text) => text.includes(CANARY))).toEqual([]);
    const ours = [one.work, join(folder, 'store'), one.machines];
    const found = await Promise.all(ours.map((path) => filesWith(CANARY, path)));
    expect(found.flat()).toEqual([]);
    const composed = join(one.work, 'composed', compositionId(await behind('good', 'good')));
    expect(await readdir(composed)).toContain('compose.json');
  });

  it('are for nobody in another namespace who knows their digest', async () => {
    const elsewhere = { ...(await behind('elsewhere')), namespace: 'elsewhere' };
    expect(await compose(elsewhere)).toMatchObject({ code: 'DownloadRefused' });
    expect(told.at(-1)).toBe('-');
  });

  it('are not fetched unencrypted', async () => {
    const url = server.url.replace('https:', 'http:');
    expect(await compose(await behind('plain', 'good', url))).toMatchObject({
      code: 'SecretOverHttp',
      consequence: 'Impossible',
    });
  });

  it('are asked for with what the Secret holds by then', async () => {
    await rm(join(one.work, 'media'), { recursive: true });
    await place.secret('turned', { Authorization: 'Bearer first' });
    const recipe = await behind('turned', 'turned');
    expect(await compose(recipe)).toMatchObject({ code: 'DownloadRefused' });
    const target = { name: 'turned', namespace: 'default' };
    const stringData = { Authorization: `Bearer ${CANARY}` };
    await place.client.mergePatch(SECRETS, target, { stringData });
    expect(await compose(recipe)).toBeUndefined();
    expect(told.slice(-2)).toEqual(['Bearer first', `Bearer ${CANARY}`]);
  });
});
