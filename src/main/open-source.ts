import { systemClock } from '../host/clock.ts';
import type { Log } from '../host/log.ts';
import { isGitUrl, parseGitUrl } from '../sources/git-url.ts';
import { readOnce, type Source, type SourcePlace } from '../sources/reading.ts';
import { watchDirectory } from '../sources/watch-directory.ts';
import { sourceReader } from './source-reader.ts';

/** How `--source` is followed. */
export interface OpenSourceOptions {
  /** For what is fetched; it may be deleted at any time. */
  readonly cacheFolder: string;
  /** For manifests that name none. */
  readonly namespace: string;
  readonly log: Log;
}

/** What `--source` names: a directory, or a branch of a repository. */
export function openSource(location: string, options: OpenSourceOptions): Source {
  const { cacheFolder: cache, namespace, log } = options;
  const read = sourceReader({ clock: systemClock, log, environment: process.env });
  if (isGitUrl(location)) {
    const place: SourcePlace = {
      kind: 'git',
      location: parseGitUrl(location, { allowLocal: true }),
      cache,
    };
    return readOnce(place, { read, namespace });
  }
  return readOnce(
    { kind: 'directory', path: location },
    { read, namespace, watch: (changed) => watchDirectory(location, log, changed) },
  );
}
