import { OPAQUE_NAME, WHITEOUT_PREFIX, type DeltaChange } from './entry.ts';

const MOST_BYTES = 4096;
const MOST_NAME_BYTES = 255;
const MOST_DEPTH = 256;

function flawOfName(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'a part is empty, "." or ".."';
  if (Buffer.byteLength(name) > MOST_NAME_BYTES) return 'a name is longer than 255 bytes';
  return undefined;
}

/** Why an absolute path cannot stand in a layer; undefined if it can. Markers are not names. */
export function flawOfPath(path: string): string | undefined {
  if (!path.startsWith('/')) return 'it is not absolute';
  if (path.includes('\0')) return 'it holds a NUL';
  if (!path.isWellFormed()) return 'it is not Unicode text';
  if (Buffer.byteLength(path) > MOST_BYTES) return 'it is longer than 4096 bytes';
  const names = path.slice(1).split('/');
  if (names.length > MOST_DEPTH) return 'it is nested more than 256 deep';
  return names.map(flawOfName).find((flaw) => flaw !== undefined);
}

/** True for a name that only markers have. */
export function isMarkerName(name: string): boolean {
  return name.startsWith(WHITEOUT_PREFIX);
}

/** The directory of an absolute path; the root's is the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 1));
}

/** The last name of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A name in a directory, where the root is `/`. */
export function childPath(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

/** The name under which a change stands in the archive, without leading slash. */
export function archivePath(change: DeltaChange): string {
  const { op, path } = change;
  if (op === 'opaque') return childPath(path, OPAQUE_NAME).slice(1);
  if (op === 'whiteout') {
    return childPath(parentOf(path), `${WHITEOUT_PREFIX}${nameOf(path)}`).slice(1);
  }
  return path.slice(1);
}

function rank(name: string): string {
  if (name === OPAQUE_NAME) return '0';
  return isMarkerName(name) ? '1' : '2';
}

/**
 * Bytes by which archive paths are ordered: a directory before what is in it; inside, the opaque
 * marker, then whiteouts, then names, each bytewise. A reader so knows all removals before the first
 * addition, and finds duplicates without remembering more than the path it is on.
 */
export function archiveKey(path: string): Buffer {
  const keyed = path.split('/').map((name) => `${rank(name)}${name}`);
  return Buffer.from(keyed.join('\0'));
}
