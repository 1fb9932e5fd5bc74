import { damaged } from '../failures.ts';
import { typeOf } from '../inode.ts';
import type { Ext4Volume } from '../reader.ts';
import type { WantedNode } from './wanted-node.ts';

/** A directory that is looked into, with what changes among its names. */
export interface TouchedDirectory {
  readonly path: string;
  readonly node: WantedNode;
  readonly unlinked: readonly string[];
  /** Names that are new here, with the nodes they lead to. */
  readonly added: readonly (readonly [string, WantedNode])[];
}

/** The difference between the volume and the wanted tree. */
export interface WritePlan {
  /** Parents before children. */
  readonly directories: readonly TouchedDirectory[];
  /** Inodes of the volume that lose their last name. */
  readonly killed: readonly number[];
  /** New link counts of inodes of the volume that stay. */
  readonly links: ReadonlyMap<number, number>;
  /** Names of new nodes, the first of which creates the node. */
  readonly names: ReadonlyMap<WantedNode, number>;
}

/** Directories with more subdirectories than this show one link, meaning "many". */
const MANY_LINKS = 65000;

type Names = readonly (readonly [string, WantedNode])[];

function directories(names: Names): number {
  return names.filter(([, { type }]) => type === 'directory').length;
}

class Planner {
  readonly directories: TouchedDirectory[] = [];
  readonly removedDirectories = new Set<number>();
  readonly nameChanges = new Map<number, number>();
  readonly links = new Map<number, number>();
  readonly names = new Map<WantedNode, number>();
  private readonly volume: Ext4Volume;
  private readonly visited = new Set<WantedNode>();

  constructor(volume: Ext4Volume) {
    this.volume = volume;
  }

  visit(node: WantedNode, path: string): void {
    if (this.visited.has(node)) throw damaged(`directory ${path} can be reached by two paths`);
    this.visited.add(node);
    if (node.children === undefined) {
      if (node.meta !== undefined) this.directories.push({ path, node, unlinked: [], added: [] });
      return;
    }
    const gone = [...(node.before ?? [])].filter(([name, was]) => node.children?.get(name) !== was);
    const added = [...node.children].filter(([name, now]) => node.before?.get(name) !== now);
    this.directories.push({ path, node, unlinked: gone.map(([name]) => name), added });
    gone.forEach(([, was]) => this.drop(was));
    added.forEach(([, now]) => this.add(now));
    if (node.inode !== undefined) this.countSubdirectories(node.inode, gone, added);
    for (const [name, child] of node.children) {
      if (child.type === 'directory')
        this.visit(child, path === '/' ? `/${name}` : `${path}/${name}`);
    }
  }

  private countSubdirectories(inode: number, gone: Names, added: Names): void {
    const change = directories(added) - directories(gone);
    if (directories(added) + directories(gone) === 0) return;
    const { links } = this.volume.inode(inode);
    const total = links === 1 ? 1 : links + change;
    this.links.set(inode, total >= MANY_LINKS ? 1 : total);
  }

  private add(node: WantedNode): void {
    if (node.inode === undefined) this.names.set(node, (this.names.get(node) ?? 0) + 1);
    else this.change(node.inode, 1);
  }

  private change(inode: number, by: number): void {
    this.nameChanges.set(inode, (this.nameChanges.get(inode) ?? 0) + by);
  }

  private drop(node: WantedNode): void {
    if (node.inode === undefined) return;
    const open = [node.inode];
    if (node.type !== 'directory') {
      this.change(node.inode, -1);
      return;
    }
    for (let inode = open.pop(); inode !== undefined; inode = open.pop()) {
      if (this.removedDirectories.has(inode)) throw damaged(`directory ${inode} lies in itself`);
      this.removedDirectories.add(inode);
      for (const entry of this.volume.list(inode)) {
        if (typeOf(this.volume.inode(entry.inode)) === 'directory') open.push(entry.inode);
        else this.change(entry.inode, -1);
      }
    }
  }
}

/** Works out what must be unlinked, freed, made and counted to get from the volume to the tree. */
export function planWrite(volume: Ext4Volume, root: WantedNode): WritePlan {
  const planner = new Planner(volume);
  planner.visit(root, '/');
  const killed = [...planner.removedDirectories];
  const links = new Map(planner.links);
  for (const [inode, change] of planner.nameChanges) {
    const left = volume.inode(inode).links + change;
    if (left < 0) throw damaged(`inode ${inode} has more names than links`);
    if (left === 0) killed.push(inode);
    else if (change !== 0) links.set(inode, left);
  }
  const { directories, names } = planner;
  return { directories, killed, links, names };
}
