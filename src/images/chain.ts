import { realpathSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { inspectImage } from './header.ts';
import { refused } from './failures.ts';
import { firstBytes, parseQcow2 } from './qcow2-header.ts';
import type { DiskFile } from './source.ts';

/** A disk and everything below it, the topmost file first. */
export interface DiskChain {
  readonly sizeBytes: number;
  readonly files: readonly DiskFile[];
}

const MAX_DEPTH = 32;
const OURS = 'Overlays are made by this program only; give a flat image instead.';

function isInside(path: string, roots: readonly string[] | undefined): boolean {
  if (roots === undefined) return true;
  return roots.some((root) => path.startsWith(`${realpathSync(root)}${sep}`));
}

function backingOf(file: DiskFile): { readonly backing?: DiskFile; readonly sizeBytes: number } {
  if (file.format === 'raw') return inspectImage(file);
  const { head, fileBytes } = firstBytes(file.path);
  const header = parseQcow2(file.path, head, fileBytes);
  if (header.externalData) throw refused(file.path, 'its data lies in another file', OURS);
  const { backingFile, backingFormat, sizeBytes } = header;
  if (backingFile === undefined) return { sizeBytes };
  // A colon before any slash makes QEMU see a protocol, such as json: or nbd:.
  if (/^[^/]*:/.test(backingFile)) {
    throw refused(file.path, 'its backing file is no plain path', OURS);
  }
  if (backingFormat !== 'raw' && backingFormat !== 'qcow2') {
    throw refused(file.path, 'it does not say the format of its backing file', OURS);
  }
  const path = resolve(dirname(file.path), backingFile);
  return { backing: { path, format: backingFormat }, sizeBytes };
}

/**
 * Follows a chain of overlays by their headers, without running a program. With `roots`, every file
 * must really lie below one of these folders.
 */
export function readChain(top: DiskFile, roots?: readonly string[]): DiskChain {
  const files: DiskFile[] = [];
  let next: DiskFile | undefined = top;
  let topSize = 0;
  while (next !== undefined) {
    if (files.length >= MAX_DEPTH) {
      throw refused(top.path, `it lies on more than ${MAX_DEPTH} files`, OURS);
    }
    if (!isInside(realpathSync(next.path), roots)) {
      throw refused(top.path, `its chain leaves the allowed folders at ${next.path}`, OURS);
    }
    files.push(next);
    const { backing, sizeBytes }: ReturnType<typeof backingOf> = backingOf(next);
    if (files.length === 1) topSize = sizeBytes;
    next = backing;
  }
  return { sizeBytes: topSize, files };
}
