import { OPAQUE_NAME } from './entry.ts';
import { isMarkerName } from './path.ts';

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
