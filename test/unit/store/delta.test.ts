import { createReadStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayerPointer } from '../../../src/core/layer.ts';
import { run } from '../../../src/host/run.ts';
import type { LayerStore } from '../../../src/store/store.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import {
  blobPath,
  collect,
  layerNamed,
  manifestOf,
  memoryDisk,
  noise,
  storeIn,
  wrongBlobs,
} from './fixtures.ts';

/** Opened when it is read: before that, nobody would listen to its error. */
async function* read(path: string): AsyncGenerator<Buffer> {
  yield* createReadStream(path) as AsyncIterable<Buffer>;
}

describe('a delta in the store', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let store: LayerStore;
  let base: LayerPointer;
  let tar: string;

  const put = async (version: string) =>
    store.putDelta({
      tar: createReadStream(tar, { highWaterMark: 77_777 }),
      layer: layerNamed(version, 'app'),
      base,
      requires: [base],
      stats: { files: 401 },
    });

  beforeAll(async () => {
    folder = await temporaryFolder();
    store = await storeIn(folder.path);
    base = await store.putDisk({ disk: memoryDisk(noise(4, 4096)), layer: layerNamed('1') });
    const tree = join(folder.path, 'tree');
    await mkdir(join(tree, 'usr'), { recursive: true });
    await writeFile(join(tree, 'noise.bin'), noise(3, 7 * 2 ** 20));
    for (let i = 0; i < 400; i += 1) {
      await writeFile(join(tree, 'usr', `f${i}`), `${'line of text '.repeat(i * 9)}\n`);
    }
    tar = join(folder.path, 'layer.tar');
    await run('tar', ['--format=pax', '--sort=name', '-cf', tar, '-C', tree, '.']);
  });

  afterAll(() => folder[Symbol.asyncDispose]());

  it('is a tar archive in zstd frames that GNU tar and zstd read', async () => {
    const layer = await put('1');
    const { layers, artifactType, annotations } = await manifestOf(folder.path, layer);
    expect(artifactType).toBe('application/vnd.lamina.layer.app.v1');
    expect(layers.map(({ mediaType }) => mediaType)).toEqual([
      'application/vnd.oci.image.layer.v1.tar+zstd',
    ]);
    expect(annotations['org.opencontainers.image.base.digest']).toBe(base.manifest);
    expect(annotations['org.opencontainers.image.base.name']).toBe(
      `${base.repository}:${base.tag}`,
    );
    const blob = blobPath(folder.path, layers[0]?.digest ?? layer.manifest);
    const size = (await readFile(tar)).length;
    const { stdout } = await run('zstd', ['-lv', blob]);
    expect(stdout).toContain(`Zstandard Frames: ${Math.ceil(size / (4 * 2 ** 20))}`);
    const out = join(folder.path, 'unpacked');
    await mkdir(out);
    await run('tar', ['--zstd', '-xf', blob, '-C', out]);
    await run('diff', ['-r', join(folder.path, 'tree'), out]);
    expect(await wrongBlobs(folder.path)).toEqual([]);
  });

  it('has the diffID of the archive, and comes back as the archive', async () => {
    const layer = await put('1');
    const [sum] = (await run('sha256sum', [tar])).stdout.split(' ');
    expect(layer.content).toBe(`sha256:${sum}`);
    const { config, annotations } = await manifestOf(folder.path, layer);
    expect(annotations['dev.lamina.content.digest']).toBe(layer.content);
    const text = await readFile(blobPath(folder.path, config.digest), 'utf8');
    const size = (await readFile(tar)).length;
    expect(JSON.parse(text)).toMatchObject({
      kind: 'app',
      rootfs: { diffIDs: [layer.content] },
      base: { os: base.manifest },
      requires: [base.manifest],
      stats: { storedBytes: layer.sizeBytes, rawBytes: size, files: 401 },
    });
    expect((await collect(store.openDelta(layer))).equals(await readFile(tar))).toBe(true);
    expect(await store.find(layer.repository, layer.tag)).toEqual(layer);
  });

  it('gives the same manifest again', async () => {
    await using other = await temporaryFolder();
    const first = await put('1');
    store = await storeIn(other.path);
    const again = await put('1');
    store = await storeIn(folder.path);
    expect(again).toEqual(first);
  });

  it('refuses an empty stream and the role of a disk', async () => {
    const layer = layerNamed('5', 'app');
    const rest = { base, requires: [], stats: { files: 0 } };
    const empty = createReadStream('/dev/null');
    await expect(store.putDelta({ tar: empty, layer, ...rest })).rejects.toMatchObject({
      code: 'DeltaEmpty',
    });
    const os = layerNamed('5', 'os');
    await expect(store.putDelta({ tar: read(tar), layer: os, ...rest })).rejects.toMatchObject({
      code: 'LayerRoleInvalid',
    });
  });

  it('fails with the error of its source, and stops when told to', async () => {
    const layer = layerNamed('6', 'app');
    const rest = { layer, base, requires: [], stats: { files: 0 } };
    const missing = read(join(folder.path, 'absent.tar'));
    await expect(store.putDelta({ tar: missing, ...rest })).rejects.toMatchObject({
      code: 'ENOENT',
    });
    const stop = new AbortController();
    const stopped = store.putDelta({
      tar: read(tar),
      ...rest,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    expect(await store.find(layer.repository, layer.tag)).toBeUndefined();
  });

  it('may be left in the middle', async () => {
    const layer = await put('1');
    for await (const bytes of store.openDelta(layer)) {
      expect(bytes.length).toBeGreaterThan(0);
      break;
    }
    const stop = new AbortController();
    const read = async () => {
      for await (const bytes of store.openDelta(layer, stop.signal)) {
        if (bytes.length > 0) stop.abort();
      }
    };
    await expect(read()).rejects.toMatchObject({ name: 'AbortError' });
  });
});
