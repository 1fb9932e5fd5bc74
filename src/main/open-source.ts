import { systemClock } from '../host/clock.ts';
import type { Log } from '../host/log.ts';
import { directorySource } from '../sources/directory.ts';
import { gitSource } from '../sources/git.ts';
import { isGitUrl, parseGitUrl } from '../sources/git-url.ts';
import type { Source } from '../sources/snapshot.ts';

/** What `--source` names: a directory, or a branch of a repository. */
export function openSource(location: string, cacheFolder: string, log: Log): Source {
  if (!isGitUrl(location)) return directorySource(location, systemClock, log);
  return gitSource(parseGitUrl(location, { allowLocal: true }), cacheFolder, process.env);
}
