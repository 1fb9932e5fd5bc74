import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/host/clock.ts';
import { silentLog } from '../../../src/host/log.ts';
import { kubeClient } from '../../../src/kube/client.ts';
import { sourceReader, type ReaderLimits } from '../../../src/main/source-reader.ts';
import { parseGitUrl } from '../../../src/sources/git-url.ts';
import { readOnce, type SourcePlace } from '../../../src/sources/reading.ts';
import { startSource } from '../../../src/sources/source.ts';
import { ApiDouble } from '../../support/api-double.ts';
import { ManualClock } from '../../support/clock.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { workTree } from '../../support/git.ts';
import { deltaBomb, sharedTrees, writeAll } from '../../support/hostile-source.ts';
import { processesNaming } from '../../support/processes.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { until } from '../../support/until.ts';

const { signal } = new AbortController();
const CONNECTORS = '/apis/lamina.dev/v1alpha1/connectorconfigs';

function connector(name: string): string {
  return `---\napiVersion: lamina.dev/v1alpha1\nkind: ConnectorConfig\nmetadata: {name: ${name}}\nspec: {local: {}}\n`;
}

function reader(limits: Partial<ReaderLimits> = {}, clock = systemClock) {
  const environment = { PATH: process.env['PATH'], HOME: '/nonexistent' };
  return sourceReader({ clock, log: silentLog, environment, limits });
}

/** A folder of manifests, as many as take a second to parse. */
async function longReading(folder: string): Promise<SourcePlace> {
  const text = (file: number) =>
    Array.from({ length: 900 }, (_, i) => connector(`c-${file}-${i}`)).join('');
  await writeAll(folder, new Map(Array.from({ length: 20 }, (_, i) => [`f${i}.yaml`, text(i)])));
  return { kind: 'directory', path: folder };
}

async function repository() {
  const folder = await temporaryFolder();
  const tree = await workTree(join(folder.path, 'work'));
  const cache = join(folder.path, 'cache');
  const location = parseGitUrl(`${tree.path}/.git#main`, { allowLocal: true });
  const place: SourcePlace = { kind: 'git', location, cache };
  return { tree, cache, place, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

describe('sourceReader', () => {
  it('reads a directory and a repository in another process, and only what is new', async () => {
    await using t = await repository();
    await t.tree.write('a.yaml', connector('one'));
    const revision = await t.tree.commit();
    const read = reader();
    for (const place of [t.place, { kind: 'directory', path: t.tree.path }] as const) {
      const request = { place, namespace: 'lab' };
      const reading = await read(request, signal);
      const known = reading?.revision ?? '';
      if (place.kind === 'git') expect(known).toBe(revision);
      expect(reading?.problems).toEqual([]);
      expect(reading?.objects).toMatchObject([
        {
          kind: 'ConnectorConfig',
          namespace: 'lab',
          name: 'one',
          place: { file: 'a.yaml', line: 4, column: 18 },
        },
      ]);
      expect(await read({ ...request, known }, signal)).toBeUndefined();
    }
  });

  it('passes failures on', async () => {
    const place = { kind: 'directory', path: '/no/such/place' } as const;
    await expect(reader()({ place, namespace: 'default' }, signal)).rejects.toMatchObject({
      consequence: 'Denied',
      code: 'SourceUnreadable',
    });
  });

  // A file of many short lines is a hundred times its size while it is a tree.
  it.each([
    { why: 'memory', limits: { heapMb: 40 }, want: /needs more than 40 MiB of memory/ },
    { why: 'processor time', limits: { processorSeconds: 1 }, want: /1 seconds of processor time/ },
  ])('makes a problem of a revision that needs too much $why', async ({ limits, want }) => {
    await using folder = await temporaryFolder();
    const text = 'a: b\n'.repeat(49_000);
    await writeAll(folder.path, new Map(Array.from({ length: 9 }, (_, i) => [`f${i}.yaml`, text])));
    const request = { place: { kind: 'directory', path: folder.path }, namespace: 'lab' } as const;
    const reading = await reader(limits)(request, signal);
    const problem = {
      file: expect.stringMatching(/^f\d.yaml$/),
      message: expect.stringMatching(want),
    };
    expect(reading).toMatchObject({ objects: [], problems: [problem] });
    const known = reading?.revision ?? '';
    expect(await reader(limits)({ ...request, known }, signal)).toBeUndefined();
  });

  it('does not gather the mistakes of a file that has nothing else', async () => {
    await using folder = await temporaryFolder();
    await writeAll(folder.path, new Map([['a.yaml', '[]'.repeat(120_000)]]));
    const request = { place: { kind: 'directory', path: folder.path }, namespace: 'lab' } as const;
    const reading = await reader({ heapMb: 64 })(request, signal);
    expect(reading?.problems[0]?.message).toMatch(/^Unexpected flow-seq-end/);
  });

  it('ends what takes too long, before anybody knows of which revision', async () => {
    await using folder = await temporaryFolder();
    const place = await longReading(folder.path);
    const clock = new ManualClock();
    const reading = reader({}, clock)({ place, namespace: 'default' }, signal);
    await eventually(() => clock.waiting > 0, 'a limit');
    clock.advance(600_000);
    await expect(reading).rejects.toMatchObject({ code: 'SourceOverLimit', consequence: 'Denied' });
  });

  it('ends with the programs that it runs when nobody waits any more', async () => {
    await using t = await repository();
    const bin = join(t.cache, '../bin');
    const git = join(bin, 'git');
    await mkdir(bin);
    await writeFile(git, '#!/bin/sh\nwhile :; do sleep 1; done\n', { mode: 0o755 });
    const stop = new AbortController();
    const environment = { PATH: `${bin}:${process.env['PATH']}` };
    const read = sourceReader({ clock: systemClock, log: silentLog, environment });
    const ended = expect(
      read({ place: t.place, namespace: 'default' }, stop.signal),
    ).rejects.toMatchObject({ code: 'ReaderCrashed' });
    await until('a git that does not end', async () => (await processesNaming(git)).length > 0);
    stop.abort();
    await ended;
    await until('its end', async () => (await processesNaming(git)).length === 0);
  });
});

describe('a source that is followed', () => {
  it('keeps what is applied while a commit needs too much, reads that once, and goes on after it', async () => {
    await using t = await repository();
    const api = new ApiDouble();
    const names = () => api.all(CONNECTORS).map(({ metadata }) => metadata.name as string);
    const looks: (string | undefined)[] = [];
    const limited = reader({ heapMb: 40 });
    const source = readOnce(t.place, {
      namespace: 'default',
      read: async (request, stop) => {
        const reading = await limited(request, stop);
        looks.push(reading?.revision);
        return reading;
      },
    });
    const running = startSource({
      name: 's',
      source,
      client: kubeClient(api.transport),
      clock: systemClock,
      random: () => 0.5,
      log: silentLog,
      pollMs: 50,
    });
    await using _ = { [Symbol.asyncDispose]: () => running.stop() };
    await t.tree.write('a.yaml', connector('one'));
    const good = await t.tree.commit();
    await until('the first commit', async () => running.status().appliedRevision === good);
    await t.tree.write('b.yaml', 'a: b\n'.repeat(49_000));
    await t.tree.remove('a.yaml');
    const bad = await t.tree.commit();
    await until('the bad one, looked at again', async () => {
      const at = looks.indexOf(bad);
      return at >= 0 && looks.length > at + 2;
    });
    expect(looks.filter((revision) => revision === bad)).toHaveLength(1);
    expect(running.status()).toMatchObject({
      revision: bad,
      appliedRevision: good,
      problems: [{ file: 'b.yaml', message: expect.stringMatching(/40 MiB of memory/) }],
    });
    expect(names()).toEqual(['one']);
    await t.tree.write('b.yaml', connector('two'));
    const next = await t.tree.commit();
    await until('the next commit', async () => running.status().appliedRevision === next);
    expect(names()).toEqual(['two']);
    expect(running.status().problems).toEqual([]);
  });
});

describe('hostile repositories', () => {
  it('cuts a fetch at the size of one pack, however few objects it has', async () => {
    await using t = await repository();
    const read = reader({ fileMb: 4 });
    const noise = Buffer.from(Array.from({ length: 6 * 2 ** 20 }, (_, i) => (i * 7919 * i) >> 9));
    await t.tree.write('big.bin', noise);
    const revision = await t.tree.commit();
    const reading = await read({ place: t.place, namespace: 'default' }, signal);
    expect(reading).toMatchObject({ revision, objects: [], problems: [{ file: '.' }] });
    expect(reading?.problems[0]?.message).toMatch(/larger than .* or takes too much to unpack/);
    await expect(access(t.cache)).rejects.toMatchObject({ code: 'ENOENT' });
    await t.tree.remove('big.bin');
    await t.tree.write('a.yaml', connector('one'));
    await t.tree.commit();
    const next = await read({ place: t.place, namespace: 'default', known: revision }, signal);
    expect(next).toMatchObject({ problems: [], objects: [{ name: 'one' }] });
  });

  it('does not unfold a file that is told as copies of another', async () => {
    await using t = await repository();
    await deltaBomb(t.tree, 768);
    const read = reader({ memoryMb: 768 });
    const reading = await read({ place: t.place, namespace: 'default' }, signal);
    expect(reading?.problems[0]?.message).toMatch(/takes too much to unpack/);
  });

  it.each([
    { why: 'files', leaf: 'file' },
    { why: 'nothing', leaf: 'nothing' },
  ] as const)('cuts the listing of 10^10 paths that lead to $why', async ({ leaf }) => {
    await using t = await repository();
    await sharedTrees(t.tree, { width: 10, depth: 10, leaf });
    const reading = await reader()({ place: t.place, namespace: 'default' }, signal);
    expect(reading).toMatchObject({
      objects: [],
      problems: [{ file: '.', message: expect.stringMatching(/more than 100000 files/) }],
    });
  });
});
