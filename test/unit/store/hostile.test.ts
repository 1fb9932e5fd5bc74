import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { canonicalJson } from '../../../src/core/json.ts';
import { hexOf, sha256, type Digest } from '../../../src/core/digest.ts';
import type { LayerPointer, StoredLayer } from '../../../src/core/layer.ts';
import type { BlobFolder } from '../../../src/store/blobs.ts';
import { ChunkStore } from '../../../src/store/chunk-store.ts';
import { contentDigest, encodeDiskIndex, type DiskIndex } from '../../../src/store/disk-index.ts';
import type { LayerStore } from '../../../src/store/store.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../support/runner.ts';
import {
  blobPath,
  collect,
  layerNamed,
  manifestOf,
  memoryDisk,
  noise,
  plantBlob,
  storeIn,
} from './fixtures.ts';

const MIB = 2 ** 20;
const OCTETS = 'application/vnd.lamina.disk';

/** The index of a disk of one chunk. */
const oneChunk = (raw: Digest, storedLength: number): DiskIndex => ({
  diskBytes: 4 * MIB,
  chunkBytes: 4 * MIB,
  packed: false,
  blobCount: 1,
  slots: Uint32Array.of(0),
  chunks: [{ raw: hexOf(raw), blob: 0, storedLength, offset: 0 }],
});

describe('hostile content', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let store: LayerStore;
  let disk: StoredLayer;

  beforeEach(async () => {
    folder = await temporaryFolder();
    store = await storeIn(folder.path);
    const bytes = Buffer.concat([Buffer.alloc(4 * MIB, 'text '), noise(1, 64 * 1024)]);
    disk = await store.putDisk({ disk: memoryDisk(bytes), layer: layerNamed('1') });
  });

  afterEach(() => folder[Symbol.asyncDispose]());

  const pointerTo = (manifest: Digest): LayerPointer => ({ ...disk, manifest });

  /** A manifest that differs from the stored one in some fields. */
  const forge = async (change: Record<string, unknown>): Promise<LayerPointer> => {
    const manifest = { ...(await manifestOf(folder.path, disk)), ...change };
    return pointerTo((await plantBlob(folder.path, Buffer.from(canonicalJson(manifest)))).digest);
  };

  /** A disk layer of a hand-made index and hand-made blobs. */
  const forgeDisk = async (
    index: DiskIndex,
    blobs: readonly { digest: Digest; size: number; mediaType: string }[],
  ): Promise<LayerPointer> => {
    const indexBlob = await plantBlob(folder.path, encodeDiskIndex(index));
    return forge({
      layers: [{ mediaType: `${OCTETS}.index.v1`, ...indexBlob }, ...blobs],
      annotations: { 'dev.lamina.content.digest': contentDigest(index) },
    });
  };

  /** A delta whose blob or config is replaced by hand. */
  const forgeDelta = async (blob: Uint8Array, config: Record<string, unknown>) => {
    const layer = await plantBlob(folder.path, blob);
    const configBlob = await plantBlob(folder.path, Buffer.from(canonicalJson(config)));
    return forge({
      artifactType: 'application/vnd.lamina.layer.app.v1',
      config: { mediaType: 'application/vnd.lamina.layer.config.v1+json', ...configBlob },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', ...layer }],
    });
  };

  const out = () => join(folder.path, 'out.raw');

  const bothReaders = async (pointer: LayerPointer, failure: Record<string, unknown>) => {
    await expect(store.materialize(pointer, out())).rejects.toMatchObject(failure);
    const open = async () => {
      const reader = await store.readDisk(pointer);
      reader.readInto(0, Buffer.alloc(reader.sizeBytes));
    };
    await expect(open()).rejects.toMatchObject(failure);
    await expect(readFile(out())).rejects.toMatchObject({ code: 'ENOENT' });
  };

  it.each([
    { why: 'a flipped byte in a compressed chunk', layer: 1, at: 60 },
    { why: 'a flipped byte in a raw chunk', layer: 2, at: 5000 },
  ])('finds $why, and names layer and blob', async ({ layer, at }) => {
    const digest = (await manifestOf(folder.path, disk)).layers[layer]?.digest ?? disk.manifest;
    const bytes = await readFile(blobPath(folder.path, digest));
    bytes[at] = (bytes[at] ?? 0) ^ 0x40;
    await rm(blobPath(folder.path, digest));
    await writeFile(blobPath(folder.path, digest), bytes);
    await bothReaders(disk, {
      code: 'BlobCorrupt',
      consequence: 'Lost',
      message: expect.stringContaining(`${disk.repository}:${disk.tag}: blob ${digest}`),
    });
  });

  it('names layer and blob when a chunk is missing or cut short', async () => {
    const digest = (await manifestOf(folder.path, disk)).layers[2]?.digest ?? disk.manifest;
    await truncate(blobPath(folder.path, digest), 1000);
    await bothReaders(disk, { code: 'BlobCorrupt', message: expect.stringContaining(digest) });
    await rm(blobPath(folder.path, digest));
    await bothReaders(disk, {
      code: 'BlobMissing',
      consequence: 'Lost',
      message: expect.stringContaining(`${disk.repository}:${disk.tag}: blob ${digest}`),
    });
  });

  it.each([
    { why: 'the index', which: 'index', code: 'BlobCorrupt' },
    { why: 'the manifest', which: 'manifest', code: 'BlobCorrupt' },
  ])('finds that $why is truncated', async ({ which, code }) => {
    const { layers } = await manifestOf(folder.path, disk);
    const digest = which === 'index' ? (layers[0]?.digest ?? disk.manifest) : disk.manifest;
    await truncate(blobPath(folder.path, digest), 70);
    await bothReaders(disk, { code, message: expect.stringContaining(digest) });
  });

  it('lets no chunk grow beyond its declared length', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(64 * MIB));
    const blob = await plantBlob(folder.path, bomb);
    const index = oneChunk(sha256(Buffer.alloc(64 * MIB)), bomb.length);
    const pointer = await forgeDisk(index, [{ mediaType: `${OCTETS}.chunk.v1+zstd`, ...blob }]);
    await bothReaders(pointer, {
      code: 'BlobCorrupt',
      message: expect.stringMatching(`${blob.digest}.*larger than ${4 * MIB} bytes`),
    });
  });

  it('writes no disk that has no room, however little of it is stored', async () => {
    const raw = Buffer.alloc(16 * MIB, 'bomb ');
    const frame = zstdCompressSync(raw);
    const blob = await plantBlob(folder.path, frame);
    const diskBytes = 4 * MIB * MIB;
    const index: DiskIndex = {
      diskBytes,
      chunkBytes: raw.length,
      packed: true,
      blobCount: 1,
      slots: new Uint32Array(diskBytes / raw.length),
      chunks: [{ raw: hexOf(sha256(raw)), blob: 0, storedLength: frame.length, offset: 0 }],
    };
    const pointer = await forgeDisk(index, [{ mediaType: `${OCTETS}.pack.v1+zstd`, ...blob }]);
    await expect(store.materialize(pointer, out())).rejects.toMatchObject({
      code: 'NoRoom',
      consequence: 'Denied',
      message: expect.stringMatching(/needs 4 TiB, .* are free/),
    });
    expect(await readdir(folder.path)).toEqual(['store']);
  });

  it('gives a frame no more memory than the largest chunk needs', async () => {
    const zstd = 'head -c 40000000 /dev/zero | zstd -q --long=27 -c';
    const frame = execFileSync('sh', ['-c', zstd]);
    const blob = await plantBlob(folder.path, frame);
    const index = oneChunk(sha256(Buffer.alloc(4 * MIB)), frame.length);
    const pointer = await forgeDisk(index, [{ mediaType: `${OCTETS}.chunk.v1+zstd`, ...blob }]);
    await bothReaders(pointer, {
      code: 'BlobCorrupt',
      message: expect.stringMatching(/memory|window/i),
    });
  });

  it('refuses a chunk that decompresses to less than its slot', async () => {
    const frame = zstdCompressSync(Buffer.alloc(MIB, 1));
    const blob = await plantBlob(folder.path, frame);
    const index = oneChunk(sha256(Buffer.alloc(MIB, 1)), frame.length);
    const pointer = await forgeDisk(index, [{ mediaType: `${OCTETS}.chunk.v1+zstd`, ...blob }]);
    await bothReaders(pointer, { code: 'BlobCorrupt' });
  });

  it('reads packed chunks, as the specification asks of every reader', async () => {
    const raw = [noise(7, 4 * MIB), Buffer.alloc(4 * MIB, 'packed ')];
    const frame = zstdCompressSync(raw[1] ?? '');
    const blob = await plantBlob(folder.path, Buffer.concat([frame, raw[0] ?? frame]));
    const index: DiskIndex = {
      diskBytes: 8 * MIB,
      chunkBytes: 4 * MIB,
      packed: true,
      blobCount: 1,
      slots: Uint32Array.of(0, 1),
      chunks: [
        { raw: hexOf(sha256(raw[0] ?? '')), blob: 0, storedLength: 4 * MIB, offset: frame.length },
        { raw: hexOf(sha256(raw[1] ?? '')), blob: 0, storedLength: frame.length, offset: 0 },
      ],
    };
    const pointer = await forgeDisk(index, [{ mediaType: `${OCTETS}.pack.v1+zstd`, ...blob }]);
    await store.materialize(pointer, out());
    expect((await readFile(out())).equals(Buffer.concat(raw))).toBe(true);
    // The new version must not name chunks that are no blobs of their own.
    const child = await store.putDisk({
      disk: memoryDisk(Buffer.concat(raw)),
      layer: layerNamed('2'),
      parent: pointer,
      unchanged: () => true,
    });
    await store.materialize(child, join(folder.path, 'child.raw'));
  });

  it.each([
    {
      why: 'a descriptor with urls',
      change: { config: { mediaType: 'x', digest: sha256('x'), size: 1, urls: ['https://x'] } },
    },
    { why: 'a descriptor with another algorithm', change: { layers: [{ digest: 'md5:00' }] } },
    {
      why: 'a negative size',
      change: { layers: [{ mediaType: 'x', digest: sha256(''), size: -1 }] },
    },
    { why: 'no layers', change: { layers: [] } },
    { why: 'layers that are no list', change: { layers: 'all' } },
    { why: 'another artifact type', change: { artifactType: 'application/vnd.other' } },
    {
      why: 'an image index in its place',
      change: { mediaType: 'application/vnd.oci.image.index.v1+json' },
    },
    {
      why: 'the content digest of another disk',
      change: { annotations: { 'dev.lamina.content.digest': sha256('') } },
    },
  ])('refuses a manifest with $why', async ({ change }) => {
    await bothReaders(await forge(change), { code: 'LayerInvalid', consequence: 'Impossible' });
  });

  it('refuses manifests that are no JSON or too large, before reading them', async () => {
    for (const bytes of [Buffer.from('{"'), Buffer.from('[]'), Buffer.alloc(4 * MIB + 1, ' ')]) {
      const { digest } = await plantBlob(folder.path, bytes);
      await bothReaders(pointerTo(digest), { code: 'LayerInvalid' });
    }
  });

  it('refuses an index with other blobs than the manifest', async () => {
    const { layers } = await manifestOf(folder.path, disk);
    await bothReaders(await forge({ layers: layers.slice(0, 2) }), { code: 'LayerInvalid' });
    const sized = layers.map((layer, i) => (i === 1 ? { ...layer, size: layer.size - 1 } : layer));
    await bothReaders(await forge({ layers: sized }), { code: 'LayerInvalid' });
    const index = await plantBlob(folder.path, Buffer.alloc(200));
    const forged = [{ mediaType: `${OCTETS}.index.v1`, ...index }, ...layers.slice(1)];
    await bothReaders(await forge({ layers: forged }), {
      code: 'LayerInvalid',
      message: expect.stringContaining('magic'),
    });
  });

  it('does not take a file of another length for the disk', async () => {
    await writeFile(out(), 'somebody else');
    await expect(store.materialize(disk, out())).rejects.toMatchObject({
      code: 'DiskFileInTheWay',
    });
    expect(await readFile(out(), 'utf8')).toBe('somebody else');
  });

  it('refuses a damaged index.json and names it', async () => {
    const path = join(folder.path, 'store', 'index.json');
    for (const text of ['', '{"manifests"', '[]', '{"manifests":{}}']) {
      await writeFile(path, text);
      await expect(store.find(disk.repository, disk.tag)).rejects.toMatchObject({
        code: 'StoreIndexLost',
        message: expect.stringContaining(path),
      });
    }
    await writeFile(path, '{"manifests":[null,7,{"digest":"x"},{"annotations":[]}]}');
    expect(await store.find(disk.repository, disk.tag)).toBeUndefined();
  });

  it('keeps what others wrote into index.json', async () => {
    const path = join(folder.path, 'store', 'index.json');
    const document = JSON.parse(await readFile(path, 'utf8')) as { manifests: unknown[] };
    const foreign = { mediaType: 'x/y', digest: 'sha512:00', size: 1, platform: { os: 'z' } };
    document.manifests.unshift(foreign);
    await writeFile(path, JSON.stringify({ ...document, annotations: { a: 'b' } }));
    await store.putDisk({ disk: memoryDisk(noise(8, 512)), layer: layerNamed('2') });
    const after = JSON.parse(await readFile(path, 'utf8')) as { manifests: unknown[] };
    expect(after).toMatchObject({ schemaVersion: 2, annotations: { a: 'b' } });
    expect(after.manifests[0]).toEqual(foreign);
    expect(after.manifests).toHaveLength(3);
  });

  it('refuses more distinct chunks than a manifest can list', async () => {
    const chunks = Array.from({ length: 16_385 }, (_, i) => ({
      raw: hexOf(sha256(String(i))),
      blob: { mediaType: 'x', digest: sha256(String(i)), size: 1 },
    }));
    const present = { keep: () => Promise.resolve(true) } as unknown as BlobFolder;
    const taking = new ChunkStore(present, new Map(chunks.map((chunk) => [chunk.raw, chunk])));
    for (const { raw } of chunks.slice(0, 16_384)) await taking.reuse(raw);
    await expect(taking.reuse(chunks[0]?.raw ?? '')).resolves.toBe(chunks[0]);
    await expect(taking.reuse(chunks[16_384]?.raw ?? '')).rejects.toMatchObject({
      code: 'DiskTooLarge',
      message: expect.stringContaining('16384 distinct chunks (64 GiB'),
    });
  });

  describe('in a delta', () => {
    const tar = Buffer.concat([noise(2, 5 * MIB), Buffer.alloc(1024)]);

    const honest = { rootfs: { diffIDs: [sha256(tar)] }, stats: { rawBytes: tar.length } };

    it('reads an archive made by anybody in one frame', async () => {
      const pointer = await forgeDelta(zstdCompressSync(tar), honest);
      expect((await collect(store.openDelta(pointer))).equals(tar)).toBe(true);
    });

    it.each([
      {
        why: 'another content than its diffID',
        blob: zstdCompressSync(tar),
        config: { ...honest, rootfs: { diffIDs: [sha256('other')] } },
        code: 'BlobCorrupt',
      },
      {
        why: 'more than was declared',
        blob: zstdCompressSync(Buffer.alloc(256 * MIB)),
        config: honest,
        code: 'BlobCorrupt',
      },
      {
        why: 'less than was declared',
        blob: zstdCompressSync(tar.subarray(0, MIB)),
        config: honest,
        code: 'BlobCorrupt',
      },
      {
        why: 'a cut stream',
        blob: zstdCompressSync(tar).subarray(0, 3 * MIB),
        config: honest,
        code: 'BlobCorrupt',
      },
      { why: 'no zstd at all', blob: tar, config: honest, code: 'BlobCorrupt' },
      { why: 'no diffID', blob: tar, config: { stats: honest.stats }, code: 'LayerInvalid' },
      { why: 'no length', blob: tar, config: { rootfs: honest.rootfs }, code: 'LayerInvalid' },
      {
        why: 'a config of megabytes',
        blob: tar,
        config: { ...honest, fill: ' '.repeat(MIB) },
        code: 'LayerInvalid',
      },
    ])('finds $why', async ({ blob, config, code }) => {
      const pointer = await forgeDelta(blob, config);
      await expect(collect(store.openDelta(pointer))).rejects.toMatchObject({ code });
    });

    it('is not taken for a disk, nor a disk for a delta', async () => {
      const pointer = await forgeDelta(zstdCompressSync(tar), honest);
      await bothReaders(pointer, { code: 'LayerInvalid' });
      await expect(collect(store.openDelta(disk))).rejects.toMatchObject({ code: 'LayerInvalid' });
    });
  });
});
