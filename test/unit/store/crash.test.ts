import { spawn } from 'node:child_process';
import { cp, readdir, readFile, utimes, writeFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../../src/host/run.ts';
import { ownedName, thisProcess } from '../../../src/store/owner.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import { isPicked } from '../../support/soak.ts';
import { layerNamed, storeIn, wrongBlobs } from './fixtures.ts';

const WRITER = fileURLToPath(new URL('crashing-writer.ts', import.meta.url));

const write = (folder: string, verb: string, killAt = 0) =>
  run(process.execPath, [WRITER, folder, verb, String(killAt)]);

/** Runs the writer to its sudden end. */
const crash = (folder: string, verb: string, killAt: number) =>
  new Promise<string | null>((resolve, reject) => {
    const child = spawn(process.execPath, [WRITER, folder, verb, String(killAt)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.on('error', reject);
    child.on('close', (_code, signal) => resolve(signal));
  });

const indexOf = async (folder: string) =>
  JSON.parse(await readFile(join(folder, 'store', 'index.json'), 'utf8')) as {
    manifests: { digest: string; annotations: Record<string, string> }[];
  };

/** True for an image layout whose index, if it is there at all, can be read. */
async function indexIsWhole(folder: string): Promise<boolean> {
  const root = await readdir(join(folder, 'store')).catch((): string[] => []);
  return !root.includes('index.json') || (await indexOf(folder)).manifests.length >= 0;
}

describe.each([{ verb: 'disk' }, { verb: 'delta' }, { verb: 'materialize' }])(
  'a writer killed at any call of $verb',
  ({ verb }) => {
    let good: Awaited<ReturnType<typeof temporaryFolder>>;
    let calls = 0;

    beforeAll(async () => {
      good = await temporaryFolder();
      calls = Number((await write(good.path, verb)).stdout);
    });

    afterAll(() => good[Symbol.asyncDispose]());

    it('leaves a store that reads, and a rerun ends as if nothing had happened', async () => {
      expect(calls).toBeGreaterThan(30);
      for (let killAt = 1; killAt <= calls; killAt += 1) {
        if (!isPicked(killAt)) continue;
        await using folder = await temporaryFolder();
        expect(await crash(folder.path, verb, killAt)).toBe('SIGKILL');
        expect(await indexIsWhole(folder.path)).toBe(true);
        await write(folder.path, verb);
        expect(await indexOf(folder.path)).toEqual(await indexOf(good.path));
        expect(await wrongBlobs(folder.path)).toEqual([]);
        if (verb !== 'materialize') continue;
        await run('cmp', [join(good.path, 'out.raw'), join(folder.path, 'out.raw')]);
        expect((await readdir(folder.path)).sort()).toEqual(['out.raw', 'store']);
      }
    });
  },
);

describe('several writers at once', () => {
  it('make one store, share blobs, and lose no entry', async () => {
    await using folder = await temporaryFolder();
    await Promise.all([1, 2, 3].map(() => write(folder.path, 'many')));
    const { manifests } = await indexOf(folder.path);
    const names = manifests.map(
      ({ annotations }) => annotations['org.opencontainers.image.ref.name'],
    );
    expect(new Set(names).size).toBe(3 * 11 + 1);
    expect(names).toHaveLength(3 * 11 + 1);
    expect(await wrongBlobs(folder.path)).toEqual([]);
    expect(await readdir(join(folder.path, 'store', '.lamina', 'ingest'))).toEqual([]);
  });

  it('survive one another: some are killed, the rest go on', async () => {
    await using folder = await temporaryFolder();
    const dying = [41, 97, 153, 209].map((killAt) => crash(folder.path, 'many', killAt));
    await Promise.all([...dying, write(folder.path, 'many'), write(folder.path, 'many')]);
    const { manifests } = await indexOf(folder.path);
    expect(manifests.length).toBeGreaterThanOrEqual(2 * 11 + 1);
    expect(await wrongBlobs(folder.path)).toEqual([]);
  });
});

const ago = (minutes: number) => Date.now() / 1000 - minutes * 60;

describe('opening a store', () => {
  it('keeps the install id, and a copy has the same', async () => {
    await using folder = await temporaryFolder();
    await using other = await temporaryFolder();
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await storeIn(folder.path)).installId),
    );
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
    await cp(join(folder.path, 'store'), join(other.path, 'store'), { recursive: true });
    expect((await storeIn(other.path)).installId).toBe(ids[0]);
  });

  it('removes unfinished files older than an hour, and no younger ones', async () => {
    await using folder = await temporaryFolder();
    await storeIn(folder.path);
    const ingest = join(folder.path, 'store', '.lamina', 'ingest');
    for (const minutes of [1, 59, 61, 600]) {
      await writeFile(join(ingest, String(minutes)), 'part');
      await utimes(join(ingest, String(minutes)), ago(minutes), ago(minutes));
    }
    await storeIn(folder.path);
    expect((await readdir(ingest)).sort()).toEqual(['1', '59']);
  });

  it('goes by who makes an unfinished file, where its name tells, and not by the clock', async () => {
    await using folder = await temporaryFolder();
    await storeIn(folder.path);
    const ingest = join(folder.path, 'store', '.lamina', 'ingest');
    const ours = ownedName();
    const { host, pid, start } = thisProcess();
    const dead = ours.replace(`${host}-${pid}-${start}`, `${host}-${pid}-1`);
    for (const name of [ours, dead]) await writeFile(join(ingest, name), 'part');
    await utimes(join(ingest, ours), ago(600), ago(600));
    await storeIn(folder.path);
    expect(await readdir(ingest)).toEqual([ours]);
  });

  it('refuses the layout of another version', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'store'));
    await writeFile(join(folder.path, 'store', 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
    await expect(storeIn(folder.path)).rejects.toMatchObject({ code: 'StoreInvalid' });
  });

  it('sees what other processes have entered since', async () => {
    await using folder = await temporaryFolder();
    const store = await storeIn(folder.path);
    const { repository, tag } = layerNamed('1');
    expect(await store.find(repository, tag)).toBeUndefined();
    await write(folder.path, 'disk');
    expect(await store.find(repository, tag)).toMatchObject({ repository, tag });
    await rm(join(folder.path, 'store', 'index.json'));
    await expect(store.find(repository, tag)).rejects.toMatchObject({ code: 'StoreIndexLost' });
  });
});
