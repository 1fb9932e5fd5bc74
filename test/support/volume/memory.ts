import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../src/core/json.ts';
import type { ByteSource } from '../../../src/images/source.ts';
import type {
  ContentSource,
  DirEntry,
  NodeMeta,
  NodeType,
  Piece,
  VolumeChange,
  VolumeReader,
  WantedMeta,
} from '../../../src/engine/volume.ts';
import { readFileSync } from 'node:fs';

const BLOCK = 4096;
const RECORD = 256;
const MOST_INODES = 1024;
const TABLE = MOST_INODES * RECORD;

interface Node {
  meta: WantedMeta;
  content: Buffer;
  entries: Map<string, number>;
  links: number;
  blocks: number[];
  /** Grows with every change of the inode, as ctime does. */
  changed: number;
}

/** One path of a snapshot, ready to be compared. */
export interface Shown {
  readonly meta: unknown;
  readonly content: string;
  /** All names of the same file. */
  readonly names: readonly string[];
}

/**
 * A little file system in memory whose bytes lie in a disk as in a real one: records in a table,
 * contents in blocks that are used again. What the capture relies on holds, and nothing more.
 */
export class MemoryVolume implements VolumeReader {
  readonly rootInode = 2;
  readonly blockSize = BLOCK;
  readonly isFull = false;
  private nodes = new Map<number, Node>();
  private readonly used = new Set<number>();
  private ticks = 0;

  constructor(start = 1000) {
    this.ticks = start;
    this.nodes.set(2, this.fresh(plain('directory')));
  }

  clone(): MemoryVolume {
    const copy = new MemoryVolume(this.ticks + 1000);
    copy.nodes = new Map(
      [...this.nodes].map(([inode, node]) => [
        inode,
        { ...node, entries: new Map(node.entries), blocks: [...node.blocks] },
      ]),
    );
    for (const block of this.used) copy.used.add(block);
    return copy;
  }

  // --- what a guest does -------------------------------------------------------------------------

  /** Makes or overwrites a file in place. */
  write(path: string, content: string, more: Partial<WantedMeta> = {}): void {
    const known = this.lookup(path);
    if (known === undefined) return void this.make(path, plain('file', more), content);
    const node = this.node(known);
    if (node.meta.type !== 'file') return;
    node.content = Buffer.from(content);
    this.change(node, { ...more, mtime: this.tick() });
  }

  /** Changes bytes but neither size nor record, as a write does that is older than its times. */
  overwriteSilently(path: string, letter: string): void {
    const node = this.nodes.get(this.lookup(path) ?? -1);
    if (node?.meta.type === 'file') node.content = Buffer.alloc(node.content.length, letter);
  }

  mkdir(path: string): void {
    if (this.lookup(path) === undefined) this.make(path, plain('directory'));
  }

  make(path: string, meta: WantedMeta, content = ''): number {
    const inode = this.freeInode();
    const node = this.fresh({ ...meta, mtime: this.tick() });
    node.content = Buffer.from(content);
    this.nodes.set(inode, node);
    this.enter(path, inode);
    return inode;
  }

  link(path: string, to: string): void {
    const inode = this.lookup(to);
    if (inode === undefined || this.lookup(path) !== undefined) return;
    if (this.node(inode).meta.type === 'directory') return;
    this.enter(path, inode);
    this.node(inode).links += 1;
    this.change(this.node(inode), {});
  }

  remove(path: string): void {
    const inode = this.lookup(path);
    if (inode === undefined || inode === 2) return;
    const node = this.node(inode);
    if (node.meta.type === 'directory') {
      for (const name of node.entries.keys()) this.remove(`${path}/${name}`);
    }
    this.leave(path);
    node.links -= 1;
    this.change(node, {});
    if (node.links > 0) return;
    for (const block of node.blocks) this.used.delete(block);
    this.nodes.delete(inode);
  }

  rename(from: string, to: string): void {
    const inode = this.lookup(from);
    if (inode === undefined || to === from || to.startsWith(`${from}/`)) return;
    if (from.startsWith(`${to}/`) || this.lookup(to) === inode) return;
    if (!this.hasParent(to)) return;
    this.remove(to);
    this.leave(from);
    this.enter(to, inode);
    this.change(this.node(inode), {});
  }

  setMeta(path: string, more: Partial<WantedMeta>): void {
    const inode = this.lookup(path);
    if (inode !== undefined) this.change(this.node(inode), more);
  }

  hasParent(path: string): boolean {
    const parent = this.lookup(path.slice(0, path.lastIndexOf('/')) || '/');
    return parent !== undefined && this.node(parent).meta.type === 'directory';
  }

  // --- what our writer does: only what it is told, times of parents stay --------------------------

  apply(changes: Iterable<VolumeChange>): void {
    for (const change of changes) this.applyOne(change);
  }

  private applyOne(change: VolumeChange): void {
    const parent = change.path.slice(0, change.path.lastIndexOf('/')) || '/';
    const parentInode = this.lookup(parent);
    if (parentInode === undefined) throw new Error(`${change.path} has no parent`);
    const before = this.node(parentInode).meta;
    const known = this.lookup(change.path);
    if (change.op === 'remove') {
      if (known === undefined) throw new Error(`${change.path} is not there`);
      this.remove(change.path);
    } else if (change.op === 'link') {
      if (known !== undefined) this.remove(change.path);
      this.link(change.path, change.to);
    } else if (known !== undefined && this.bothDirectories(known, change.meta)) {
      this.node(known).meta = change.meta;
    } else {
      if (known !== undefined) {
        if (this.node(known).meta.type === 'directory') throw new Error('remove comes first');
        if (change.meta.type === 'directory') throw new Error('remove comes first');
        this.remove(change.path);
      }
      const inode = this.make(change.path, change.meta, '');
      this.node(inode).meta = change.meta;
      this.node(inode).content = bytesOf(change.content);
    }
    this.node(parentInode).meta = before;
  }

  private bothDirectories(inode: number, meta: WantedMeta): boolean {
    return meta.type === 'directory' && this.node(inode).meta.type === 'directory';
  }

  // --- reading -----------------------------------------------------------------------------------

  *inodes(): Generator<number> {
    yield* [...this.nodes.keys()].sort((a, b) => a - b);
  }

  meta(inode: number): NodeMeta {
    const { meta, content, links } = this.node(inode);
    return { ...meta, sizeBytes: content.length, links };
  }

  list(directory: number): readonly DirEntry[] {
    return [...this.node(directory).entries].map(([name, inode]) => ({ name, inode }));
  }

  lookup(path: string): number | undefined {
    let inode: number | undefined = 2;
    for (const name of path.split('/').filter((part) => part !== '')) {
      inode = inode === undefined ? undefined : this.nodes.get(inode)?.entries.get(name);
    }
    return inode;
  }

  text(inode: number): string {
    return this.node(inode).content.toString();
  }

  *pieces(inode: number): Generator<Piece> {
    const { content } = this.node(inode);
    for (let start = 0; start < content.length; start += 1000) {
      const bytes = content.subarray(start, start + 1000);
      if (bytes.every((byte) => byte === 0)) continue;
      yield { start, length: bytes.length, read: () => bytes };
    }
  }

  *ranges(inode: number): Generator<{ start: number; length: number }> {
    this.bytesOf(inode);
    for (const block of this.node(inode).blocks)
      yield { start: TABLE + block * BLOCK, length: BLOCK };
  }

  record(inode: number): { start: number; length: number } {
    return { start: inode * RECORD, length: RECORD };
  }

  /** The disk below: ask for it after the last change. */
  source(): ByteSource {
    const disk = Buffer.alloc(TABLE + 4096 * BLOCK);
    for (const inode of this.nodes.keys()) {
      const bytes = this.bytesOf(inode);
      const { blocks, meta, links, changed, content } = this.node(inode);
      for (const [index, block] of blocks.entries()) {
        bytes.copy(disk, TABLE + block * BLOCK, index * BLOCK, (index + 1) * BLOCK);
      }
      const xattrs = [...meta.xattrs].map(([name, value]) => [
        name,
        Buffer.from(value).toString('hex'),
      ]);
      const record = { ...meta, xattrs, links, changed, blocks, size: content.length };
      disk.write(createHash('sha512').update(canonicalJson(record)).digest('hex'), inode * RECORD);
    }
    return {
      sizeBytes: disk.length,
      extents: [{ start: 0, length: disk.length, data: true, depth: 0 }],
      readInto: (start, target) => void disk.copy(target, 0, start, start + target.length),
      close: () => undefined,
    };
  }

  /** Everything by path; sizes of directories and the root's time do not matter. */
  snapshot(): Map<string, Shown> {
    const names = new Map<number, string[]>();
    const visit = (inode: number, path: string) => {
      names.set(inode, [...(names.get(inode) ?? []), path]);
      for (const [name, child] of this.node(inode).entries) visit(child, `${path}/${name}`);
    };
    for (const [name, child] of this.node(2).entries) visit(child, `/${name}`);
    const shown = [...names].flatMap(([inode, paths]) => {
      const { meta, content } = this.node(inode);
      const xattrs = [...meta.xattrs].map(([name, value]) => [
        name,
        Buffer.from(value).toString('hex'),
      ]);
      const value = {
        meta: { ...meta, xattrs },
        content: content.toString('latin1'),
        names: paths.sort(),
      };
      return paths.map((path): [string, Shown] => [path, value]);
    });
    return new Map(shown.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  // --- inside ------------------------------------------------------------------------------------

  private node(inode: number): Node {
    const node = this.nodes.get(inode);
    if (node === undefined) throw new Error(`no inode ${inode}`);
    return node;
  }

  private fresh(meta: WantedMeta): Node {
    this.ticks += 1;
    return {
      meta,
      content: Buffer.alloc(0),
      entries: new Map(),
      links: 1,
      blocks: [],
      changed: this.ticks,
    };
  }

  private tick(): WantedMeta['mtime'] {
    this.ticks += 1;
    return { seconds: this.ticks, nanoseconds: 5 };
  }

  private change(node: Node, more: Partial<WantedMeta>): void {
    this.ticks += 1;
    node.changed = this.ticks;
    node.meta = { ...node.meta, ...more };
  }

  private freeInode(): number {
    for (let inode = 11; inode < MOST_INODES; inode += 1) if (!this.nodes.has(inode)) return inode;
    throw new Error('no inode is free');
  }

  private parent(path: string): Node {
    return this.node(this.lookup(path.slice(0, path.lastIndexOf('/')) || '/') ?? -1);
  }

  private enter(path: string, inode: number): void {
    const parent = this.parent(path);
    parent.entries.set(path.slice(path.lastIndexOf('/') + 1), inode);
    this.change(parent, { mtime: this.tick() });
  }

  private leave(path: string): void {
    const parent = this.parent(path);
    parent.entries.delete(path.slice(path.lastIndexOf('/') + 1));
    this.change(parent, { mtime: this.tick() });
  }

  private bytesOf(inode: number): Buffer {
    const node = this.node(inode);
    const bytes =
      node.meta.type === 'directory'
        ? Buffer.from(JSON.stringify([...node.entries]))
        : node.content;
    const wanted = Math.ceil(bytes.length / BLOCK);
    while (node.blocks.length > wanted) this.used.delete(node.blocks.pop() ?? -1);
    for (let block = 0; node.blocks.length < wanted; block += 1) {
      if (this.used.has(block)) continue;
      this.used.add(block);
      node.blocks.push(block);
    }
    return bytes;
  }
}

function bytesOf(content: ContentSource | undefined): Buffer {
  if (content === undefined) return Buffer.alloc(0);
  return content.from === 'bytes' ? Buffer.from(content.bytes) : readFileSync(content.path);
}

/** Metadata with everything plain that is not given. */
export function plain(type: NodeType, more: Partial<WantedMeta> = {}): WantedMeta {
  const mtime = { seconds: 1, nanoseconds: 0 };
  return { type, mode: 0o644, uid: 0, gid: 0, mtime, xattrs: new Map(), ...more };
}
