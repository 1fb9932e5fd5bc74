import { readdir, readFile, stat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredLayer } from '../../../src/core/layer.ts';
import { run } from '../../../src/host/run.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import {
  blobCount,
  blobPath,
  ext4Disk,
  fileDisk,
  layerNamed,
  manifestOf,
  memoryDisk,
  noise,
  python,
  storeIn,
  wrongBlobs,
} from './fixtures.ts';

const CHUNK = 4 * 2 ** 20;

/**
 * Index and content digest of a raw file by the specification alone: ordinals by first use, stored
 * lengths as the manifest lists them.
 */
const PYTHON_LAYER = `
import sys, json, struct, hashlib
C = 4*2**20
data = open(sys.argv[1], 'rb').read()
sizes = [l['size'] for l in json.load(open(sys.argv[2]))['layers'][1:]]
known, slots = {}, []
content = hashlib.sha256(b'DISKCONTENT1\\0' + struct.pack('<QI', len(data), C))
for at in range(0, len(data), C):
    piece = data[at:at+C]
    if piece.count(0) == len(piece):
        slots.append(0xffffffff); content.update(bytes(32)); continue
    raw = hashlib.sha256(piece).digest()
    slots.append(known.setdefault(raw, len(known))); content.update(raw)
index = b'DISKIDX1' + struct.pack('<IIQIIII', 64, 0, len(data), C, len(slots), len(known), len(known))
index += bytes(24) + struct.pack('<%dI' % len(slots), *slots)
for raw, n in known.items(): index += raw + struct.pack('<IIQ', n, sizes[n], 0)
print('sha256:' + hashlib.sha256(index).hexdigest(), 'sha256:' + content.hexdigest())`;

describe('a disk in the store', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let path: string;
  let stored: StoredLayer;

  beforeAll(async () => {
    folder = await temporaryFolder();
    path = await ext4Disk(folder.path);
    const disk = fileDisk(path);
    const store = await storeIn(folder.path);
    stored = await store.putDisk({
      disk,
      layer: layerNamed('1'),
      os: { family: 'linux', build: '12.9' },
      facts: { firmware: 'bios', source: { format: 'raw', changedBlocks: 'scan' } },
    });
    disk.close();
  });

  afterAll(() => folder[Symbol.asyncDispose]());

  it('comes back as the same file, sparse, for cmp and for qemu-img', async () => {
    const out = join(folder.path, 'out.raw');
    const store = await storeIn(folder.path);
    const done: number[] = [];
    await store.materialize(stored, out, { onProgress: (bytes) => done.push(bytes) });
    await run('cmp', [path, out]);
    await run('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', path, out]);
    const [from, to] = await Promise.all([stat(path), stat(out)]);
    expect(to.blocks).toBeLessThanOrEqual(from.blocks);
    expect(to.mode & 0o777).toBe(0o444);
    expect(done.at(-1)).toBe(from.size);
    await store.materialize(stored, out);
    expect((await stat(out)).ino).toBe(to.ino);
  });

  it('has index and content digest as an independent program computes them', async () => {
    const manifest = await manifestOf(folder.path, stored);
    const found = await python(PYTHON_LAYER, path, blobPath(folder.path, stored.manifest));
    expect(found).toBe(`${manifest.layers[0]?.digest} ${stored.content}`);
  });

  it('has the manifest and config of the specification', async () => {
    const manifest = await manifestOf(folder.path, stored);
    expect(manifest.artifactType).toBe('application/vnd.lamina.layer.os.v1');
    expect(manifest.annotations).toEqual({
      'org.opencontainers.image.created': '2026-11-21T08:30:00Z',
      'org.opencontainers.image.version': '1',
      'dev.lamina.layer.kind': 'os',
      'dev.lamina.layer.name': 'deb',
      'dev.lamina.content.digest': stored.content,
      'dev.lamina.inputs': `sha256:${'5'.repeat(64)}`,
      'dev.lamina.disk.size': String((await stat(path)).size),
      'dev.lamina.disk.chunk': '4194304',
      'dev.lamina.os.build': '12.9',
    });
    const [index, ...chunks] = manifest.layers;
    expect(index?.mediaType).toBe('application/vnd.lamina.disk.index.v1');
    expect(new Set(chunks.map(({ mediaType }) => mediaType))).toEqual(
      new Set([
        'application/vnd.lamina.disk.chunk.v1+zstd',
        'application/vnd.lamina.disk.chunk.v1',
      ]),
    );
    expect(new Set(chunks.map(({ digest }) => digest)).size).toBe(chunks.length);
    expect(chunks.every(({ size }) => size <= CHUNK)).toBe(true);
    const config: unknown = JSON.parse(
      await readFile(blobPath(folder.path, manifest.config.digest), 'utf8'),
    );
    expect(config).toMatchObject({
      kind: 'os',
      name: 'deb',
      version: '1',
      created: '2026-11-21T08:30:00Z',
      inputs: `sha256:${'5'.repeat(64)}`,
      os: { family: 'linux', build: '12.9' },
      disks: [
        {
          index: index?.digest,
          size: (await stat(path)).size,
          chunkSize: CHUNK,
          contentDigest: stored.content,
          firmware: 'bios',
        },
      ],
      stats: { storedBytes: stored.sizeBytes },
      tool: { name: 'lamina' },
    });
  });

  it('stores each compressed chunk as one frame with its content size', async () => {
    const { layers } = await manifestOf(folder.path, stored);
    const frames = layers.filter(({ mediaType }) => mediaType.endsWith('+zstd'));
    const { stdout } = await run('zstd', [
      '-lv',
      ...frames.map(({ digest }) => blobPath(folder.path, digest)),
    ]);
    const counts = stdout.match(/Zstandard Frames: (\d+)/g) ?? [];
    const sizes = stdout.match(/Decompressed Size: [^\n]*\((\d+) B\)/g) ?? [];
    expect(counts).toHaveLength(frames.length);
    expect(new Set(counts)).toEqual(new Set(['Zstandard Frames: 1']));
    expect(sizes).toHaveLength(frames.length);
  });

  it('is read at random like the file', async () => {
    const store = await storeIn(folder.path);
    const disk = await store.readDisk(stored);
    const file = fileDisk(path);
    expect(disk.sizeBytes).toBe(file.sizeBytes);
    const covered = disk.extents.reduce((end, { start, length }) => {
      expect(start).toBe(end);
      return end + length;
    }, 0);
    expect(covered).toBe(file.sizeBytes);
    expect(disk.extents.some(({ data }) => !data)).toBe(true);
    let seed = 7;
    for (let i = 0; i < 200; i += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      const length = Math.min(1 + (seed % 9_000_000), file.sizeBytes);
      const start = seed % (file.sizeBytes - length + 1);
      const [got, want] = [Buffer.alloc(length, 0xff), Buffer.alloc(length)];
      disk.readInto(start, got);
      file.readInto(start, want);
      expect(got.equals(want)).toBe(true);
    }
    expect(() => disk.readInto(file.sizeBytes - 1, Buffer.alloc(2))).toThrow(RangeError);
    disk.close();
    file.close();
  });

  it('is read by skopeo under its name, slashes and colon included', async () => {
    const name = `oci:${join(folder.path, 'store')}:${stored.repository}:${stored.tag}`;
    const { stdout } = await run('skopeo', ['inspect', '--raw', name]);
    expect(stdout).toBe(await readFile(blobPath(folder.path, stored.manifest), 'utf8'));
    const copy = join(folder.path, 'copy');
    await run('skopeo', ['copy', '-q', name, `oci:${copy}:${stored.repository}:${stored.tag}`]);
    const { layers } = await manifestOf(folder.path, stored);
    expect(await readdir(join(copy, 'blobs', 'sha256'))).toHaveLength(layers.length + 2);
  });

  it('is found with its facts, also after a copy by another tool', async () => {
    const store = await storeIn(folder.path);
    expect(await store.find(stored.repository, stored.tag)).toEqual(stored);
    expect(await store.find(stored.repository, 'other')).toBeUndefined();
    expect(await store.listTags('lamina/demo/os/de')).toEqual([]);
    const name = (tag: string) => `oci:${join(folder.path, 'store')}:${stored.repository}:${tag}`;
    await run('skopeo', ['copy', '-q', name(stored.tag), name('copied')]);
    const { layers } = await manifestOf(folder.path, stored);
    expect(await store.find(stored.repository, 'copied')).toEqual({
      ...stored,
      tag: 'copied',
      sizeBytes: layers.reduce((sum, { size }) => sum + size, 0),
    });
    expect(await store.listTags(stored.repository)).toEqual([stored.tag, 'copied']);
  });

  it('moves no chunk when nothing changed, and reads nothing that is known to be unchanged', async () => {
    const store = await storeIn(folder.path);
    const disk = fileDisk(path);
    const before = await blobCount(folder.path);
    const parent = { parent: stored, layer: layerNamed('2') };
    const second = await store.putDisk({ disk, ...parent, unchanged: () => true });
    expect(disk.reads).toBe(0);
    // Only config and manifest are new: the index is that of the parent.
    expect(await blobCount(folder.path)).toBe(before + 2);
    expect(second.content).toBe(stored.content);
    const { annotations } = await manifestOf(folder.path, second);
    expect(annotations['dev.lamina.parent.digest']).toBe(stored.manifest);
    const again = await store.putDisk({ disk, ...parent });
    expect(again).toEqual(second);
    expect(disk.reads).toBe(Math.ceil(disk.sizeBytes / CHUNK));
    disk.close();
  });

  it('stores a missing chunk of the parent again', async () => {
    const store = await storeIn(folder.path);
    const { layers } = await manifestOf(folder.path, stored);
    const lost = layers[2]?.digest ?? stored.manifest;
    await rm(blobPath(folder.path, lost));
    const disk = fileDisk(path);
    await store.putDisk({ disk, layer: layerNamed('3'), parent: stored, unchanged: () => true });
    disk.close();
    expect(await wrongBlobs(folder.path)).toEqual([]);
    expect((await stat(blobPath(folder.path, lost))).size).toBe(layers[2]?.size);
  });

  it('gives the same manifest in another store', async () => {
    await using other = await temporaryFolder();
    const store = await storeIn(other.path);
    const disk = fileDisk(path);
    const again = await store.putDisk({
      disk,
      layer: layerNamed('1'),
      os: { family: 'linux', build: '12.9' },
      facts: { firmware: 'bios', source: { format: 'raw', changedBlocks: 'scan' } },
    });
    disk.close();
    expect(again).toEqual(stored);
    expect(await wrongBlobs(other.path)).toEqual([]);
  });

  it('keeps its tag: the same again is done, another content is a conflict', async () => {
    await using other = await temporaryFolder();
    const store = await storeIn(other.path);
    const first = memoryDisk(noise(1, 1024));
    const layer = layerNamed('1');
    const put = await store.putDisk({ disk: first, layer });
    expect(await store.putDisk({ disk: first, layer })).toEqual(put);
    await expect(store.putDisk({ disk: memoryDisk(noise(2, 1024)), layer })).rejects.toMatchObject({
      code: 'TagTaken',
      consequence: 'Conflict',
    });
    expect(await store.find(layer.repository, layer.tag)).toEqual(put);
  });

  it.each([
    { why: 'an empty disk', bytes: Buffer.alloc(0), code: 'DiskSizeInvalid' },
    { why: 'half a sector', bytes: Buffer.alloc(700), code: 'DiskSizeInvalid' },
  ])('refuses $why', async ({ bytes, code }) => {
    const store = await storeIn(folder.path);
    const put = store.putDisk({ disk: memoryDisk(bytes), layer: layerNamed('9') });
    await expect(put).rejects.toMatchObject({ code, consequence: 'Impossible' });
  });

  it.each([
    { why: 'a repository with upper case', change: { repository: 'lamina/Demo/os/x' } },
    { why: 'a repository that climbs', change: { repository: 'lamina/../os' } },
    { why: 'a tag with a slash', change: { tag: 'a/b' } },
    { why: 'a time that is none', change: { created: 'yesterday' } },
  ])('refuses $why', async ({ change }) => {
    const store = await storeIn(folder.path);
    const disk = memoryDisk(noise(1, 512));
    const put = store.putDisk({ disk, layer: { ...layerNamed('9'), ...change } });
    await expect(put).rejects.toMatchObject({ code: 'LayerNameInvalid' });
  });

  it('stores a disk of zeros as an index alone', async () => {
    const store = await storeIn(folder.path);
    const disk = memoryDisk(Buffer.alloc(9 * 2 ** 20));
    const zero = await store.putDisk({ disk, layer: layerNamed('zero') });
    expect((await manifestOf(folder.path, zero)).layers).toHaveLength(1);
    const out = join(folder.path, 'zero.raw');
    await store.materialize(zero, out);
    expect((await stat(out)).blocks).toBe(0);
    expect((await readFile(out)).equals(Buffer.alloc(9 * 2 ** 20))).toBe(true);
  });

  it('stops when it is told to, and leaves nothing unfinished', async () => {
    const store = await storeIn(folder.path);
    const disk = fileDisk(path);
    const stop = new AbortController();
    const options = { signal: stop.signal, onProgress: () => stop.abort() };
    await expect(store.putDisk({ disk, layer: layerNamed('8'), ...options })).rejects.toMatchObject(
      { name: 'AbortError' },
    );
    await expect(
      store.materialize(stored, join(folder.path, 'stopped.raw'), options),
    ).rejects.toMatchObject({ name: 'AbortError' });
    disk.close();
    expect(await readdir(join(folder.path, 'store', '.lamina', 'ingest'))).toEqual([]);
    expect((await readdir(folder.path)).filter((name) => /stopped|part/.test(name))).toEqual([]);
  });
});
