import type { NodeType, VolumeChange, WantedMeta } from '../../volume.ts';
import { typeOf } from '../inode.ts';
import type { Ext4Volume } from '../reader.ts';
import { checkMeta, checkSize } from './check-meta.ts';
import { badChange } from './failures.ts';
import type { StoredContent, WantedNode } from './wanted-node.ts';
import { namesOf } from './words.ts';

type Put = Extract<VolumeChange, { op: 'put' }>;

interface Slot {
  readonly children: Map<string, WantedNode>;
  readonly name: string;
}

/**
 * The tree of the volume with changes applied in memory. Only directories along changed paths are
 * read. Paths never follow symbolic links.
 */
export class WantedTree {
  readonly root: WantedNode;
  private readonly volume: Ext4Volume;
  private readonly known = new Map<number, WantedNode>();

  constructor(volume: Ext4Volume) {
    this.volume = volume;
    this.root = this.base(volume.rootInode);
  }

  /** Puts a node; the content of a file was stored by the caller. */
  put(change: Put, content: StoredContent | undefined): void {
    const { path, meta } = change;
    checkMeta(path, meta, this.volume.superblock);
    checkSize(path, content?.sizeBytes ?? 0, this.volume.superblock);
    if (path === '/') {
      this.root.meta = this.directoryMeta(path, meta);
      return;
    }
    const { children, name } = this.slot(path);
    const present = children.get(name);
    if (meta.type === 'directory' && present?.type === 'directory') {
      present.meta = meta;
      return;
    }
    children.set(name, {
      type: meta.type,
      meta,
      ...(content === undefined ? {} : { content }),
      ...(meta.type === 'directory' ? { children: new Map() } : {}),
    });
  }

  /** Adds a name for a file that exists by now. */
  link(path: string, to: string): void {
    const source = this.slot(to);
    const node = source.children.get(source.name);
    if (node === undefined || node.type === 'directory') {
      throw badChange(`${path} shall be a link to ${to}, which is no file there`);
    }
    const { children, name } = this.slot(path);
    children.set(name, node);
  }

  /** Removes a name and all below it; what is absent already is no error. */
  remove(path: string): void {
    const names = namesOf(path);
    const name = names.at(-1);
    if (name === undefined) throw badChange('the root directory cannot be removed');
    const parent = this.find(names.slice(0, -1));
    if (parent?.type === 'directory') this.childrenOf(parent).delete(name);
  }

  private directoryMeta(path: string, meta: WantedMeta): WantedMeta {
    if (meta.type !== 'directory') throw badChange(`${path} must stay a directory`);
    return meta;
  }

  private slot(path: string): Slot {
    const names = namesOf(path);
    const name = names.at(-1);
    const parent = this.find(names.slice(0, -1));
    if (name === undefined || parent === undefined) {
      throw badChange(`the directory of ${path} does not exist`);
    }
    if (parent.type !== 'directory') {
      throw badChange(`${path} lies below a ${parent.type}, not a directory`);
    }
    return { children: this.childrenOf(parent), name };
  }

  private find(names: readonly string[]): WantedNode | undefined {
    let node: WantedNode | undefined = this.root;
    for (const name of names) {
      if (node === undefined) return undefined;
      if (node.type !== 'directory') return node;
      node = this.childrenOf(node).get(name);
    }
    return node;
  }

  private childrenOf(node: WantedNode): Map<string, WantedNode> {
    if (node.children === undefined) {
      const listed = node.inode === undefined ? [] : this.volume.list(node.inode);
      node.before = new Map(listed.map(({ name, inode }) => [name, this.base(inode)]));
      node.children = new Map(node.before);
    }
    return node.children;
  }

  private base(inode: number): WantedNode {
    const known = this.known.get(inode);
    if (known !== undefined) return known;
    const type: NodeType = typeOf(this.volume.inode(inode));
    const node: WantedNode = { type, inode };
    this.known.set(inode, node);
    return node;
  }
}
