import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/host/run.ts';
import { wholeContent } from '../../src/engine/content.ts';
import { openExt4, type Ext4Volume } from '../../src/engine/ext4/reader.ts';
import { openDisk } from '../../src/images/open-disk.ts';
import type { DiskFile } from '../../src/images/source.ts';
import type { NodeType } from '../../src/engine/volume.ts';

/** What a test compares of one file; the same shape from the kernel and from our reader. */
export interface Seen {
  readonly type: NodeType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  /** Seconds and nanoseconds as one decimal number. */
  readonly mtimeNs: string;
  readonly device?: string;
  readonly target?: string;
  readonly size?: number;
  readonly sha256?: string;
  readonly xattrs: Readonly<Record<string, string>>;
}

/** A tree by absolute path. */
export type Tree = Readonly<Record<string, Seen>>;

/** Why the kernel cannot be asked, or undefined. Needs root, a loop device and python3 for attributes. */
export async function whyNoMount(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'not root';
  if (!existsSync('/dev/loop-control')) return 'no loop devices';
  try {
    await run('python3', ['-c', 'import os; os.listxattr("/")']);
    return undefined;
  } catch {
    return 'no python3';
  }
}

/** Makes an ext4 image with mke2fs. */
export async function makeExt4(
  path: string,
  size: string,
  options: readonly string[] = [],
): Promise<void> {
  await rm(path, { force: true });
  await run('truncate', ['-s', size, path]);
  // Small images would get blocks of 1 KiB by default.
  const type = options.includes('-t') ? [] : ['-t', 'ext4'];
  const block = options.includes('-b') ? [] : ['-b', '4096'];
  await run('mke2fs', ['-q', '-F', ...type, ...block, ...options, path]);
}

/** Lets the kernel mount a raw image while `use` runs. */
export async function withMount<Result>(
  image: string,
  use: (root: string) => Promise<Result>,
  options = 'loop',
): Promise<Result> {
  const root = `${image}.mnt`;
  await mkdir(root, { recursive: true });
  await run('mount', ['-t', 'ext4', '-o', options, image, root]);
  try {
    return await use(root);
  } finally {
    await run('umount', [root]);
  }
}

/** What the kernel shows of a qcow2 disk or a raw one; `offset` is where the file system begins. */
export async function kernelTree(disk: DiskFile, offset = 0): Promise<Tree> {
  const flat = `${disk.path}.flat`;
  await run('qemu-img', ['convert', '-f', disk.format, '-O', 'raw', disk.path, flat]);
  try {
    const options = `loop,ro,noload,offset=${offset}`;
    return await withMount(flat, (root) => readKernel(root), options);
  } finally {
    await rm(flat);
  }
}

const XATTRS = `
import os, sys, json
root = os.fsencode(sys.argv[1]); found = {}
for folder, dirs, files in os.walk(root):
    for name in [b'.'] + dirs + files:
        p = os.path.join(folder, name)
        names = os.listxattr(p, follow_symlinks=False)
        if names:
            key = os.path.normpath(p)[len(root):].decode() or '/'
            found[key] = {n: os.getxattr(p, n, follow_symlinks=False).hex() for n in sorted(names)}
json.dump(found, sys.stdout)
`;

/** Sets an extended attribute through the kernel. */
export async function setXattr(path: string, name: string, hex: string): Promise<void> {
  const code =
    'import os,sys; os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]), follow_symlinks=False)';
  await run('python3', ['-c', code, path, name, hex]);
}

const KERNEL_TYPES: ReadonlyMap<bigint, NodeType> = new Map([
  [0o010000n, 'fifo'],
  [0o020000n, 'char'],
  [0o040000n, 'directory'],
  [0o060000n, 'block'],
  [0o100000n, 'file'],
  [0o120000n, 'symlink'],
  [0o140000n, 'socket'],
]);

function deviceText(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}

function seenByKernel(path: string, xattrs: Seen['xattrs']): Seen {
  const stat = lstatSync(path, { bigint: true });
  const type = KERNEL_TYPES.get(stat.mode & 0o170000n) ?? 'file';
  return {
    type,
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    links: Number(stat.nlink),
    mtimeNs: String(stat.mtimeNs),
    ...(type === 'char' || type === 'block' ? { device: deviceText(stat.rdev) } : {}),
    ...(type === 'symlink' ? { target: readlinkSync(path) } : {}),
    ...(type === 'file'
      ? {
          size: Number(stat.size),
          sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
        }
      : {}),
    xattrs,
  };
}

/** The tree below a mounted root, as the kernel shows it. */
export async function readKernel(root: string): Promise<Tree> {
  const { stdout } = await run('python3', ['-c', XATTRS, root]);
  const xattrs = JSON.parse(stdout) as Record<string, Seen['xattrs']>;
  const tree: Record<string, Seen> = {};
  const visit = (path: string) => {
    const full = join(root, path);
    const seen = seenByKernel(full, xattrs[path] ?? {});
    tree[path] = seen;
    if (seen.type !== 'directory') return;
    for (const name of readdirSync(full)) visit(join(path, name));
  };
  visit('/');
  return tree;
}

function seenByUs(volume: Ext4Volume, inode: number): Seen {
  const meta = volume.meta(inode);
  const { type, mode, uid, gid, links, mtime, device, target, sizeBytes } = meta;
  const hash = createHash('sha256');
  if (type === 'file')
    for (const chunk of wholeContent(volume.pieces(inode), sizeBytes)) hash.update(chunk);
  return {
    type,
    mode,
    uid,
    gid,
    links,
    mtimeNs: String(BigInt(mtime.seconds) * 1_000_000_000n + BigInt(mtime.nanoseconds)),
    ...(device === undefined ? {} : { device: `${device.major}:${device.minor}` }),
    ...(target === undefined ? {} : { target }),
    ...(type === 'file' ? { size: sizeBytes, sha256: hash.digest('hex') } : {}),
    xattrs: Object.fromEntries(
      [...meta.xattrs].map(([name, value]) => [name, Buffer.from(value).toString('hex')]),
    ),
  };
}

/** The tree of a volume, as our reader shows it. */
export function readOurs(volume: Ext4Volume): Tree {
  const tree: Record<string, Seen> = {};
  const visit = (path: string, inode: number) => {
    const seen = seenByUs(volume, inode);
    tree[path] = seen;
    if (seen.type !== 'directory') return;
    for (const entry of volume.list(inode)) visit(join(path, entry.name), entry.inode);
  };
  visit('/', volume.rootInode);
  return tree;
}

/** Opens the file system of a whole disk while `use` runs. */
export async function withVolume<Result>(
  disk: DiskFile,
  use: (volume: Ext4Volume) => Result,
): Promise<Result> {
  const source = await openDisk(disk, { run });
  try {
    return use(openExt4(source));
  } finally {
    source.close();
  }
}

/** Fills a file with bytes that depend on its name only. */
export async function writePattern(path: string, sizeBytes: number): Promise<void> {
  const block = Buffer.alloc(4096, createHash('sha256').update(path).digest());
  await writeFile(
    path,
    Buffer.concat(Array.from({ length: Math.ceil(sizeBytes / 4096) }, () => block)),
  );
  await truncate(path, sizeBytes);
}
