import { byPath, decodeFiles, selectReadable, type Candidate } from './collect.ts';
import { GitRepository, type TreeEntry } from './git-repository.ts';
import type { GitLocation } from './git-url.ts';
import {
  fileProblem,
  isManifestName,
  SOURCE_LIMITS,
  type Snapshot,
  type Source,
} from './snapshot.ts';

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
  if (entries.length > SOURCE_LIMITS.entries) {
    const message = `the repository has more than ${SOURCE_LIMITS.entries} files: name a folder of it`;
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

/**
 * The newest commit of a branch, read from the object database: nothing of a repository is ever
 * checked out or executed. `folder` is a cache; it may be deleted at any time.
 */
export function gitSource(
  location: GitLocation,
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
): Source {
  const repository = new GitRepository(folder, location, environment);
  let last: Snapshot | undefined;
  return {
    read: async (signal) => {
      const revision = await repository.fetch(signal);
      if (last?.revision !== revision) last = await readCommit(repository, revision, signal);
      return last;
    },
  };
}
