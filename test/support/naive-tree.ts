import { createHash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ContentSource, VolumeChange, WantedMeta } from '../../src/engine/volume.ts';
import type { Seen, Tree } from './ext4.ts';

type Node = Omit<Seen, 'links'>;

function contentOf(content: ContentSource | undefined): Uint8Array {
  if (content === undefined) return new Uint8Array(0);
  return content.from === 'bytes' ? content.bytes : readFileSync(content.path);
}

function nodeOf(meta: WantedMeta, content: ContentSource | undefined): Node {
  const { type, mode, uid, gid, mtime, device, target, xattrs } = meta;
  const bytes = contentOf(content);
  return {
    type,
    mode,
    uid,
    gid,
    mtimeNs: String(BigInt(mtime.seconds) * 1_000_000_000n + BigInt(mtime.nanoseconds)),
    ...(device === undefined ? {} : { device: `${device.major}:${device.minor}` }),
    ...(target === undefined ? {} : { target }),
    ...(type === 'file'
      ? { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
      : {}),
    xattrs: Object.fromEntries(
      [...xattrs].map(([name, value]) => [name, Buffer.from(value).toString('hex')]),
    ),
  };
}

/** What changes mean, in the simplest words: a map from path to node; names of one file share a node. */
export class NaiveTree {
  private readonly nodes = new Map<string, Node>();

  /** Starts from what the kernel shows below a mounted root. */
  static fromKernel(tree: Tree, root: string): NaiveTree {
    const naive = new NaiveTree();
    const byInode = new Map<number, Node>();
    for (const [path, { links: _, ...node }] of Object.entries(tree)) {
      const { ino } = lstatSync(join(root, path));
      const shared = byInode.get(ino) ?? node;
      byInode.set(ino, shared);
      naive.nodes.set(path, shared);
    }
    return naive;
  }

  typeOf(path: string): Seen['type'] | undefined {
    return this.nodes.get(path)?.type;
  }

  apply(change: VolumeChange): void {
    if (change.op === 'remove') this.remove(change.path);
    else if (change.op === 'link') this.link(change.path, change.to);
    else this.put(change.path, nodeOf(change.meta, change.content));
  }

  tree(): Tree {
    const names = new Map<Node, number>();
    for (const node of this.nodes.values()) names.set(node, (names.get(node) ?? 0) + 1);
    const inside = new Map<string, number>();
    for (const [path, { type }] of this.nodes) {
      const parent = dirname(path);
      if (type === 'directory' && path !== '/') inside.set(parent, (inside.get(parent) ?? 0) + 1);
    }
    const seen = [...this.nodes].map(([path, node]) => {
      const links =
        node.type === 'directory' ? 2 + (inside.get(path) ?? 0) : (names.get(node) ?? 0);
      return [path, { ...node, links }] as const;
    });
    return Object.fromEntries(seen);
  }

  private put(path: string, node: Node): void {
    if (node.type !== 'directory' || this.typeOf(path) !== 'directory') this.remove(path);
    this.nodes.set(path, node);
  }

  private link(path: string, to: string): void {
    const node = this.nodes.get(to);
    if (node === undefined || node === this.nodes.get(path)) return;
    this.remove(path);
    this.nodes.set(path, node);
  }

  private remove(path: string): void {
    for (const name of this.nodes.keys()) {
      if (name === path || name.startsWith(`${path}/`)) this.nodes.delete(name);
    }
  }
}
