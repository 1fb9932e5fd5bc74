import { archiveKey, childPath } from '../delta/path.ts';
import type { TreeChanges, Trees } from './walk.ts';

/** All names that an inode of the machine's volume has, in archive order. */
type Names = Map<number, string[]>;

function addName(names: Names, inode: number, path: string): void {
  const known = names.get(inode);
  if (known === undefined) names.set(inode, [path]);
  else known.push(path);
}

/** Files that have several names now, or had them in the base. */
function linkedFiles({ base, machine, touched }: Trees, changes: TreeChanges): Names {
  const names: Names = new Map();
  for (const [path, inode] of [...changes.put, ...changes.equal]) {
    if (touched.directories.has(inode)) continue;
    const before = changes.equal.has(path) ? base.lookup(path) : undefined;
    const linked = machine.meta(inode).links > 1;
    if (linked || (before !== undefined && base.meta(before).links > 1))
      addName(names, inode, path);
  }
  return names;
}

/** Names that did not change themselves are found by going through all directories once. */
function findMissing({ machine, touched, excluded }: Trees, known: Names): Names {
  if ([...known].every(([inode, paths]) => paths.length >= machine.meta(inode).links)) return known;
  const names: Names = new Map();
  const pending: [string, number][] = [['/', machine.rootInode]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [directory, inode] = next;
    for (const entry of machine.list(inode)) {
      const path = childPath(directory, entry.name);
      if (known.has(entry.inode) && !excluded(path)) addName(names, entry.inode, path);
      if (touched.directories.has(entry.inode)) pending.push([path, entry.inode]);
    }
  }
  return names;
}

interface Keyed {
  readonly key: Buffer;
}

const byKey = (a: Keyed, b: Keyed) => a.key.compare(b.key);

/** The names of one file in the order of the archive; the first one places the whole group. */
function groupOf([inode, names]: readonly [number, Iterable<string>]) {
  const keyed = [...names].map((path) => ({ path, key: archiveKey(path) })).sort(byKey);
  const [first] = keyed;
  return first === undefined
    ? []
    : [{ inode, key: first.key, paths: keyed.map(({ path }) => path) }];
}

/**
 * Adds to the changes every name of a file whose hard links are not those of the base, so that a
 * layer always holds such a file with all of its names.
 */
export function completeLinks(trees: Trees, changes: TreeChanges): void {
  const names = findMissing(trees, linkedFiles(trees, changes));
  const groups = [...names].flatMap(groupOf).sort(byKey);
  // A file of the base stays in the place of one group; what else was linked to it is put anew.
  const claimed = new Set<number>();
  for (const { inode, paths } of groups) {
    const before = new Set(paths.map((path) => trees.base.lookup(path)));
    const [origin] = before;
    const same = before.size === 1 && !paths.some((path) => changes.put.has(path));
    if (same && origin !== undefined && !claimed.has(origin)) claimed.add(origin);
    else for (const path of paths) changes.put.set(path, inode);
  }
}
