import type { VolumeReader } from '../volume.ts';
import { badVolume, type Touched } from './touched.ts';
import { childPath, flawOfPath } from '../delta/path.ts';
import { unstorable } from '../delta/failure.ts';
import { MOST_NAMES } from '../limits.ts';
import { sameMeta, sameNode } from './equal.ts';

/** What differs between two trees. */
export interface TreeChanges {
  /** Inode of the machine's volume by path, for all that is new or different. */
  readonly put: Map<string, number>;
  readonly removed: Set<string>;
  /** Equal files whose hard links may differ all the same. */
  readonly equal: Map<string, number>;
}

/** Two trees to compare, and the help to do so without reading all of both. */
export interface Trees {
  readonly base: VolumeReader;
  readonly machine: VolumeReader;
  readonly touched: Touched;
  readonly excluded: (path: string) => boolean;
}

const LONGEST_PATH = 8192;

/** The tool that writes ext4 would take what follows a newline for a command of its own. */
function flawOfText(text: string): string | undefined {
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u001f\u007f]/.test(text) ? 'it holds a control character' : undefined;
}

class Walk {
  readonly changes: TreeChanges = { put: new Map(), removed: new Set(), equal: new Map() };
  private readonly trees: Trees;
  private readonly seen = new Set<number>();

  constructor(trees: Trees) {
    this.trees = trees;
  }

  /** Compares what is in a directory that both trees have. */
  directories(path: string, before: number, after: number): void {
    const { base, machine, touched } = this.trees;
    this.enter(path, after);
    if (before === after && !touched.inodes.has(after)) {
      for (const { name, inode } of machine.list(after))
        this.pair(childPath(path, name), inode, inode);
      return;
    }
    const old = new Map(base.list(before).map(({ name, inode }) => [name, inode]));
    for (const { name, inode } of machine.list(after)) {
      const was = old.get(name);
      old.delete(name);
      if (was === undefined) this.added(childPath(path, name), inode);
      else this.pair(childPath(path, name), was, inode);
    }
    for (const name of old.keys()) this.removed(childPath(path, name));
  }

  private pair(path: string, before: number, after: number): void {
    const { base, machine, touched } = this.trees;
    if (before === after && !touched.inodes.has(after)) {
      if (touched.directories.has(after) && !this.trees.excluded(path)) {
        this.directories(path, before, after);
      }
      return;
    }
    if (this.trees.excluded(path)) return;
    const was = base.meta(before);
    const is = machine.meta(after);
    if (was.type === 'directory' && is.type === 'directory') {
      if (!sameMeta(was, is)) this.put(path, after);
      this.directories(path, before, after);
    } else if (was.type === is.type && sameNode(base, machine, { base: before, machine: after })) {
      if (was.links > 1 || is.links > 1) this.changes.equal.set(path, after);
    } else if (is.type === 'socket') {
      if (was.type !== 'socket') this.removed(path);
    } else {
      this.added(path, after);
    }
  }

  private added(path: string, inode: number): void {
    if (this.trees.excluded(path)) return;
    const { type } = this.trees.machine.meta(inode);
    if (type === 'socket') return;
    this.put(path, inode);
    if (type !== 'directory') return;
    this.enter(path, inode);
    for (const entry of this.trees.machine.list(inode)) {
      this.added(childPath(path, entry.name), entry.inode);
    }
  }

  private put(path: string, inode: number): void {
    const { target = '' } = this.trees.machine.meta(inode);
    const flaw = flawOfPath(path) ?? flawOfText(path) ?? flawOfText(target);
    if (flaw !== undefined) throw unstorable(path, flaw);
    this.changes.put.set(path, inode);
    this.count(path);
  }

  private removed(path: string): void {
    if (this.trees.excluded(path)) return;
    this.changes.removed.add(path);
    this.count(path);
  }

  /** Stops before the memory is full: a directory needs few bytes for a name. */
  private count(path: string): void {
    if (this.changes.put.size + this.changes.removed.size <= MOST_NAMES) return;
    throw unstorable(path, `more than ${MOST_NAMES} names changed, which no layer holds`);
  }

  /** A damaged volume may hold a directory inside itself, or directories without end. */
  private enter(path: string, directory: number): void {
    if (path.length > LONGEST_PATH) throw badVolume('its directories are nested without end');
    if (this.seen.has(directory)) throw badVolume(`the directory ${path} has two names`);
    this.seen.add(directory);
  }
}

/** Compares two trees by their names, entering only what can hold a change. The root itself stays. */
export function compareTrees(trees: Trees): TreeChanges {
  const walk = new Walk(trees);
  walk.directories('/', trees.base.rootInode, trees.machine.rootInode);
  return walk.changes;
}
