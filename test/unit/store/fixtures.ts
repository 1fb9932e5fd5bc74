import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createCipheriv } from 'node:crypto';
import { basename, join } from 'node:path';
import type { LayerIdentity, LayerPointer } from '../../../src/core/layer.ts';
import { sha256, hexOf, type Digest } from '../../../src/core/digest.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { run } from '../../../src/host/run.ts';
import type { DiskReader } from '../../../src/store/disk-reader.ts';
import { openStore, type LayerStore } from '../../../src/store/store.ts';

/** Layer of the tests, under another version where needed. */
export function layerNamed(version: string, role: LayerIdentity['role'] = 'os'): LayerIdentity {
  return {
    role,
    name: 'deb',
    version,
    repository: `lamina/demo/${role}/deb`,
    tag: `${version}-0a1b2c3d`,
    inputs: `sha256:${'5'.repeat(64)}`,
    created: '2026-11-21T08:30:00Z',
  };
}

/** The store in a folder, on the real clock. */
export function storeIn(folder: string): Promise<LayerStore> {
  return openStore(join(folder, 'store'), { clock: systemClock });
}

/** A raw file as a disk without any knowledge of its holes. */
export function fileDisk(path: string): DiskReader & { close(): void; reads: number } {
  const file = openSync(path, 'r');
  const sizeBytes = fstatSync(file).size;
  const disk = {
    sizeBytes,
    reads: 0,
    extents: [{ start: 0, length: sizeBytes, data: true, depth: 0 }],
    readInto(start: number, target: Uint8Array) {
      disk.reads += 1;
      readSync(file, target, 0, target.length, start);
    },
    close: () => closeSync(file),
  };
  return disk;
}

/** A disk of some bytes. */
export function memoryDisk(bytes: Uint8Array): DiskReader {
  return {
    sizeBytes: bytes.length,
    extents: [{ start: 0, length: bytes.length, data: true, depth: 0 }],
    readInto: (start, target) => target.set(bytes.subarray(start, start + target.length)),
  };
}

/** Bytes that follow from a seed and do not compress. */
export function noise(seed: number, length: number): Buffer {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  return cipher.update(Buffer.alloc(length));
}

/**
 * An ext4 disk as a packager would leave it: text that compresses, noise that does not, holes, two
 * equal big files, and a size that is no multiple of the chunk size.
 */
export async function ext4Disk(folder: string, name = 'disk.raw'): Promise<string> {
  const tree = join(folder, `${name}.tree`);
  await mkdir(join(tree, 'etc'), { recursive: true });
  const same = noise(2, 9 * 2 ** 20);
  await writeFile(join(tree, 'noise.bin'), noise(1, 6 * 2 ** 20));
  await writeFile(join(tree, 'one.bin'), same);
  await writeFile(join(tree, 'two.bin'), same);
  for (let i = 0; i < 300; i += 1) {
    await writeFile(join(tree, 'etc', `file-${i}.conf`), `option-${i} = value\n`.repeat(i * 7));
  }
  const path = join(folder, name);
  const size = 60 * 2 ** 20 + 300 * 1024;
  await writeFile(path, '');
  await run('truncate', ['-s', String(size), path]);
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', '-b', '1024', '-d', tree, path]);
  return path;
}

/** What an OCI tool sees of the stored manifest. */
export async function manifestOf(folder: string, pointer: LayerPointer) {
  const text = await readFile(blobPath(folder, pointer.manifest), 'utf8');
  return JSON.parse(text) as {
    artifactType: string;
    config: { digest: Digest; size: number; mediaType: string };
    layers: { digest: Digest; size: number; mediaType: string }[];
    annotations: Record<string, string>;
  };
}

/** Where a blob of the store lies. */
export function blobPath(folder: string, digest: Digest): string {
  return join(folder, 'store', 'blobs', 'sha256', hexOf(digest));
}

/** Names of the blobs whose bytes hash to another name, as `sha256sum` sees them. */
export async function wrongBlobs(folder: string): Promise<readonly string[]> {
  const blobs = join(folder, 'store', 'blobs', 'sha256');
  const names = await readdir(blobs);
  if (names.length === 0) return [];
  const { stdout } = await run('sha256sum', names, { cwd: blobs });
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/))
    .filter(([digest, name]) => digest !== basename(name ?? ''))
    .map(([, name]) => name ?? '');
}

/** Number and bytes of all blobs. */
export async function blobCount(folder: string): Promise<number> {
  return (await readdir(join(folder, 'store', 'blobs', 'sha256'))).length;
}

/** Puts bytes into the folder of blobs by hand, as a hostile writer would. */
export async function plantBlob(folder: string, bytes: Uint8Array) {
  const digest = sha256(bytes);
  await writeFile(blobPath(folder, digest), bytes);
  return { digest, size: bytes.length };
}

/** Runs a Python program of the test: the independent judge of our binary formats. */
export async function python(program: string, ...args: readonly string[]): Promise<string> {
  return (await run('python3', ['-c', program, ...args])).stdout.trim();
}

/** The bytes of a stream. */
export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}
