import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ApiServerCore } from '../../../../src/apiserver/open.ts';
import { isFailure } from '../../../../src/core/failure.ts';
import { body, collection, copyOf, key, openCore, refusal } from '../../../support/api-core.ts';
import { ManualClock } from '../../../support/clock.ts';
import { idle } from '../../../support/eventually.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { describe, expect, it } from '../../../support/runner.ts';

const SERVER = fileURLToPath(new URL('busy-server.ts', import.meta.url));

interface Line {
  readonly start?: string;
  readonly event?: string;
  readonly name?: string;
  readonly wrote?: string;
  readonly removed?: string;
  readonly refused?: string;
  readonly readable?: number;
  readonly revision?: string;
}

/** Runs the busy server until its files may not grow. Returns what it told. */
function runServer(path: string, fileBlocks: number) {
  // A file that may not grow must fail the write, not end the process.
  const script = `trap '' XFSZ; ulimit -f ${fileBlocks}; exec "$0" "$@"`;
  const child = spawn('sh', ['-c', script, process.execPath, SERVER, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on('line', (text) => {
    lines.push(JSON.parse(text) as Line);
  });
  return new Promise<readonly Line[]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve(lines));
  });
}

/** Every event since a revision. */
async function eventsSince(core: ApiServerCore, resourceVersion: string) {
  const stop = new AbortController();
  const events: Line[] = [];
  const maps = collection(core, 'ConfigMap');
  const stream = await core.service.watch(maps, { resourceVersion, signal: stop.signal });
  const reading = (async () => {
    for await (const { type, document, resourceVersion: revision } of stream) {
      events.push({ event: type, name: document?.object.metadata.name ?? '', revision });
    }
  })();
  await idle();
  stop.abort();
  await reading;
  return events;
}

async function checkAfterwards(path: string, lines: readonly Line[]): Promise<void> {
  const core = await openCore({ path });
  try {
    await checkState(core, lines);
  } finally {
    await core.close();
  }
}

async function checkState(core: ApiServerCore, lines: readonly Line[]): Promise<void> {
  const { items, resourceVersion: head } = await core.service.list(collection(core, 'ConfigMap'));
  const found = new Map(items.map(({ object: { metadata } }) => [metadata.name, metadata]));
  const answers = lines.filter(
    ({ wrote, removed }) => wrote !== undefined || removed !== undefined,
  );
  const last = new Map(answers.map((line) => [line.wrote ?? line.removed ?? '', line]));
  const seen = lines.filter(({ event }) => event !== undefined);
  const all = await eventsSince(core, lines.find(({ start }) => start !== undefined)?.start ?? '');

  // What was seen is a beginning of what is there: visible means durable, in the same order.
  expect(all.slice(0, seen.length)).toEqual(seen);
  for (const [name, { wrote, revision }] of last) {
    const later = all.filter(
      (each) => each.name === name && Number(each.revision) > Number(revision),
    );
    // A deletion is answered with what the object was.
    expect(later.map(({ event }) => event)).toEqual(wrote === undefined ? ['DELETED'] : []);
    expect(found.get(name)?.resourceVersion).toBe(wrote === undefined ? undefined : revision);
  }
  const revisions = [...answers, ...seen].map(({ revision }) => Number(revision));
  expect(Number(head)).toBeGreaterThanOrEqual(Math.max(...revisions));
  const { document } = await core.service.create(
    collection(core, 'ConfigMap'),
    body('ConfigMap', 'after'),
  );
  expect(Number(document.object.metadata.resourceVersion)).toBeGreaterThan(Number(head));
}

describe('a disk that is full', () => {
  it('refuses writes, tells nobody of them, and stays readable', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'api.db');
    const lines = await runServer(path, 1200);
    expect(lines.filter(({ refused }) => refused !== undefined)).toHaveLength(4);
    expect(lines.find(({ readable }) => readable !== undefined)?.readable).toBeGreaterThan(0);
    await checkAfterwards(path, lines);
  });
});

describe('the database file', () => {
  it('is readable by nobody else, and used by one process at a time', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'api.db');
    const core = await openCore({ path });
    for (const file of [path, `${path}-wal`]) expect((await stat(file)).mode & 0o777).toBe(0o600);
    const error: unknown = await openCore({ path }).catch((reason: unknown) => reason);
    expect(isFailure(error) && error.code).toBe('StateInUse');
    await core.close();
    await (await openCore({ path })).close();
  });

  it('that is no database is refused with a hint', async () => {
    const error: unknown = await openCore({ path: SERVER }).catch((reason: unknown) => reason);
    expect(isFailure(error) && error.code).toBe('StateUnreadable');
  });

  it('made anew a second later never repeats the revisions of the old one', async () => {
    const first = await openCore({ clock: new ManualClock(1_000_000) });
    const { document } = await first.service.create(
      collection(first, 'ConfigMap'),
      body('ConfigMap', 'a'),
    );
    await first.close();
    const second = await openCore({ clock: new ManualClock(1_001_000) });
    const { resourceVersion } = await second.service.list(collection(second, 'ConfigMap'));
    const old = document.object.metadata.resourceVersion;
    expect(Number(resourceVersion)).toBeGreaterThan(Number(old));
    await second.close();
  });
});

describe('a restart', () => {
  it('changes nothing', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'api.db');
    let core = await openCore({ path });
    const made = await core.service.create(
      collection(core, 'AppLayer'),
      body('AppLayer', 'a', { finalizers: ['lamina.dev/x'] }),
    );
    const { document } = await core.service.remove(key(core, 'AppLayer', 'a'));
    const before = await core.service.list(collection(core, 'AppLayer'));
    await core.close();
    core = await openCore({ path });
    const after = await core.service.list(collection(core, 'AppLayer'));
    expect(after.resourceVersion).toBe(before.resourceVersion);
    expect(after.items[0]?.json).toBe(document.json);
    const stale = copyOf(made.document);
    expect((await refusal(core.service.update(key(core, 'AppLayer', 'a'), stale))).code).toBe(409);
    await core.close();
  });
});
