import { byPath, decodeFiles, selectReadable, type Candidate } from './collect.ts';
import { GitRepository, type TreeEntry } from './git-repository.ts';
import type { GitLocation } from './git-url.ts';
import { fileProblem, isManifestName, SOURCE_LIMITS, type Snapshot } from './snapshot.ts';

function candidate(entry: TreeEntry): TreeEntry & Candidate {
  const kind =
    entry.mode === '120000' ? 'symlink' : entry.mode.startsWith('100') ? 'file' : 'other';
  return { ...entry, kind };
}

async function readCommit(
  repository: GitRepository,
  revision: string,
  signal: AbortSignal,
): Promise<Snapshot> {
  const entries = await repository.tree(revision, signal);
  if (entries === undefined) {
    const { entries: most } = SOURCE_LIMITS;
    const message = `the repository has more than ${most} files and folders, or very long names: name a folder of it`;
    return { revision, files: [], problems: [fileProblem('.', message)] };
  }
  const manifests = entries
    .filter(({ path }) => isManifestName(path))
    .map(candidate)
    .sort(byPath);
  const { readable, problems } = selectReadable(manifests);
  const blobs = await repository.blobs(
    readable.map(({ object }) => object),
    signal,
  );
  const contents = readable.map(({ path }, index) => ({
    path,
    bytes: blobs[index] ?? new Uint8Array(),
  }));
  const decoded = decodeFiles(contents);
  return { revision, files: decoded.files, problems: [...problems, ...decoded.problems] };
}

/** Where a repository is, and what of it is known. */
export interface GitRequest {
  readonly location: GitLocation;
  /** Folder of the cache; it may be deleted at any time. */
  readonly cache: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The commit that need not be read again. */
  readonly known?: string | undefined;
  /** Hears which commit is about to be fetched. */
  readonly onRevision?: (revision: string) => void;
}

/**
 * The newest commit of a branch, read from the object database: nothing of a repository is ever
 * checked out or executed. Undefined if it is the known one.
 */
export async function readGit(
  request: GitRequest,
  signal: AbortSignal,
): Promise<Snapshot | undefined> {
  const { location, cache, environment, known, onRevision } = request;
  const repository = new GitRepository(cache, location, environment);
  const newest = await repository.newest(signal);
  if (newest === known) return undefined;
  onRevision?.(newest);
  const revision = await repository.fetch(signal);
  return readCommit(repository, revision, signal);
}
