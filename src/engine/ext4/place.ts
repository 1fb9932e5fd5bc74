import { rawEntries } from './directory.ts';
import type { Inode } from './inode.ts';
import type { MapContext } from './map-context.ts';
import { escapeBytes } from './names.ts';

const ROOT = 2;
const MAX_DEPTH = 64;

/** What finding the place of a directory needs of its volume. */
interface Inodes {
  inode(number: number): Inode;
}

function find(
  context: MapContext,
  directory: Inode,
  wanted: (name: string, to: number) => boolean,
) {
  for (const { inode, name } of rawEntries(context, directory)) {
    const text = escapeBytes(name);
    if (wanted(text, inode)) return { inode, text };
  }
  return undefined;
}

/** The path of a directory for messages, found upwards through `..`; its number if that fails. */
export function placeOf(context: MapContext, volume: Inodes, directory: Inode): string {
  const names: string[] = [];
  try {
    let at = directory;
    while (at.number !== ROOT) {
      if (names.length > MAX_DEPTH) return `inode ${directory.number}`;
      const child = at.number;
      const up = find(context, at, (name) => name === '..');
      if (up === undefined) return `inode ${directory.number}`;
      at = volume.inode(up.inode);
      const entry = find(context, at, (name, to) => to === child && !/^\.\.?$/.test(name));
      if (entry === undefined) return `inode ${directory.number}`;
      names.unshift(entry.text);
    }
  } catch {
    return `inode ${directory.number}`;
  }
  return names.map((name) => `/${name}`).join('');
}
