import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { run } from '../../src/host/run.ts';
import type { WorkTree } from './git.ts';

const MIB = 2 ** 20;

/** So many files of a megabyte that repeat a text. */
export function repeated(count: number, text: string, before = ''): ReadonlyMap<string, string> {
  const content = before + text.repeat(Math.floor((MIB - before.length) / text.length));
  return new Map(Array.from({ length: count }, (_, i) => [`f${i}.yaml`, content]));
}

async function make(tree: WorkTree, args: readonly string[], stdin: string): Promise<string> {
  const { stdout } = await run('git', args, { cwd: tree.path, stdin });
  return stdout.trim();
}

async function pointAt(tree: WorkTree, root: string): Promise<void> {
  const commit = await tree.git('commit-tree', root, '-m', 'evil');
  await tree.git('update-ref', 'refs/heads/main', commit);
}

/** Trees that share their subtrees: `width` to the power of `depth` paths, in as good as no bytes. */
export async function sharedTrees(
  tree: WorkTree,
  shape: { readonly width: number; readonly depth: number; readonly leaf: 'file' | 'nothing' },
): Promise<void> {
  const blob = await make(tree, ['hash-object', '-w', '--stdin'], 'a: 1\n');
  let below = await make(
    tree,
    ['mktree'],
    shape.leaf === 'file' ? `100644 blob ${blob}\tx.yaml\n` : '',
  );
  for (let level = 0; level < shape.depth; level += 1) {
    const entries = Array.from({ length: shape.width }, (_, i) => `040000 tree ${below}\td${i}\n`);
    below = await make(tree, ['mktree'], entries.join(''));
  }
  await pointAt(tree, below);
}

function objectHead(type: number, size: number): Buffer {
  const bytes = [];
  let rest = Math.floor(size / 16);
  let byte = (type << 4) | (size % 16);
  for (; rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(byte | 0x80);
    byte = rest % 128;
  }
  return Buffer.from([...bytes, byte]);
}

function varint(value: number): number[] {
  const bytes = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}

/** The format of packs: https://git-scm.com/docs/gitformat-pack */
function packOf(objects: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(12);
  head.write('PACK');
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(objects.length, 8);
  const body = Buffer.concat([head, ...objects]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

function blobId(size: number, chunk: Buffer): string {
  const hash = createHash('sha1').update(`blob ${size}\0`);
  for (let left = size; left > 0; left -= chunk.length) hash.update(chunk);
  return hash.digest('hex');
}

/** One megabyte of zeros, and a file of many of them that is told as copies of it: a few kilobytes in all. */
export async function deltaBomb(tree: WorkTree, megabytes: number): Promise<void> {
  const base = Buffer.alloc(MIB);
  const copy = [0b1100_0000 | 0b0000_0000, 0x10];
  const delta = Buffer.from([
    ...varint(MIB),
    ...varint(megabytes * MIB),
    ...Array.from({ length: megabytes }, () => copy).flat(),
  ]);
  const baseId = blobId(MIB, base);
  const pack = packOf([
    Buffer.concat([objectHead(3, MIB), deflateSync(base)]),
    Buffer.concat([objectHead(7, delta.length), Buffer.from(baseId, 'hex'), deflateSync(delta)]),
  ]);
  const file = join(tree.path, 'bomb.pack');
  await writeFile(file, pack);
  await run('git', ['index-pack', '-o', join(tree.path, '.git/objects/pack/pack-bomb.idx'), file], {
    cwd: tree.path,
  });
  await run('mv', [file, join(tree.path, '.git/objects/pack/pack-bomb.pack')]);
  const lines = [
    `100644 blob ${baseId}\ta.bin`,
    `100644 blob ${blobId(megabytes * MIB, base)}\tb.bin`,
  ];
  await pointAt(tree, await make(tree, ['mktree'], `${lines.join('\n')}\n`));
}

/** Writes files below a folder. */
export async function writeAll(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of files) await writeFile(join(folder, name), text);
}
