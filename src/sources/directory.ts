import { constants } from 'node:fs';
import { lstat, open, opendir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { digestOf } from '../core/digest.ts';
import { denied, impossible, isFailure, messageOf } from '../core/failure.ts';
import { byPath, decodeFiles, selectReadable, type Candidate } from './collect.ts';
import { isManifestName, SOURCE_LIMITS, type Snapshot } from './snapshot.ts';

/** How long a directory must be quiet before it is read: editors write in several steps. */
const SETTLE_MS = 150;

/** True for files and folders that are somebody else's. */
export function isHidden(name: string): boolean {
  return name.startsWith('.');
}

async function kindOf(path: string): Promise<Omit<Candidate, 'path'>> {
  const stats = await lstat(path);
  const kind = stats.isFile() ? 'file' : stats.isSymbolicLink() ? 'symlink' : 'other';
  return { kind, sizeBytes: stats.size };
}

class Scan {
  readonly found: Candidate[] = [];
  private entries = 0;
  private readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  async enter(below: string, depth: number): Promise<void> {
    if (depth > SOURCE_LIMITS.depth) throw this.tooMuch(`folders deeper than ${depth - 1} levels`);
    for await (const entry of await opendir(join(this.root, below))) {
      this.entries += 1;
      if (this.entries > SOURCE_LIMITS.entries) {
        throw this.tooMuch(`more than ${SOURCE_LIMITS.entries} files`);
      }
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (isHidden(entry.name)) continue;
      if (entry.isDirectory()) await this.enter(path, depth + 1);
      else if (isManifestName(entry.name)) {
        this.found.push({ path, ...(await kindOf(join(this.root, path))) });
      }
    }
  }

  private tooMuch(what: string): Error {
    const hint = 'Point the source at the folder that holds the manifests.';
    return impossible('SourceTooLarge', `${this.root} has ${what}`, hint);
  }
}

/** Reads one file; a link or a pipe that took its place meanwhile is not followed and does not block. */
async function readBytes(path: string, sizeBytes: number): Promise<Uint8Array> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const buffer = Buffer.alloc(sizeBytes);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function candidatesOf(path: string): Promise<{ root: string; found: readonly Candidate[] }> {
  const real = await realpath(path);
  const seen = await lstat(real);
  if (seen.isDirectory()) {
    const scan = new Scan(real);
    await scan.enter('', 0);
    return { root: real, found: scan.found.sort(byPath) };
  }
  // A file that a person names is read whatever its name.
  return { root: dirname(real), found: [{ path: basename(real), ...(await kindOf(real)) }] };
}

/** Everything in a directory, or one file, as it is now. */
export async function readDirectory(path: string): Promise<Snapshot> {
  try {
    const { root, found } = await candidatesOf(path);
    const { readable, problems } = selectReadable(found);
    const contents: { path: string; bytes: Uint8Array }[] = [];
    for (const candidate of readable) {
      contents.push({
        path: candidate.path,
        bytes: await readBytes(join(root, candidate.path), candidate.sizeBytes),
      });
    }
    const decoded = decodeFiles(contents);
    const content = { files: decoded.files, problems: [...problems, ...decoded.problems] };
    return { revision: digestOf(content), ...content };
  } catch (error) {
    if (isFailure(error)) throw error;
    const hint = 'Check that the path exists and may be read.';
    throw denied('SourceUnreadable', `${path}: ${messageOf(error)}`, hint);
  }
}

/** A directory as it is edited: what differs from the known revision is taken once two readings agree. */
export async function readSettled(
  path: string,
  clock: Clock,
  options: { readonly known?: string | undefined; readonly signal: AbortSignal },
): Promise<Snapshot> {
  let before = await readDirectory(path);
  while (before.revision !== options.known) {
    await clock.sleep(SETTLE_MS, options.signal);
    const after = await readDirectory(path);
    if (after.revision === before.revision) break;
    before = after;
  }
  return before;
}
