import { basename } from 'node:path';
import { watch } from 'chokidar';
import { messageOf } from '../core/failure.ts';
import type { Log } from '../host/log.ts';
import { isHidden } from './directory.ts';
import { SOURCE_LIMITS } from './snapshot.ts';

/** Calls back when something in a directory changes; returns how to stop. */
export function watchDirectory(path: string, log: Log, changed: () => void): () => Promise<void> {
  const watcher = watch(path, {
    ignoreInitial: true,
    followSymlinks: false,
    depth: SOURCE_LIMITS.depth,
    ignored: (seen) => seen !== path && isHidden(basename(seen)),
  });
  watcher.on('all', changed);
  // Without watches, as when the system has no more of them, the source is polled.
  watcher.on('error', (error) => {
    log.warn('a directory is not watched in full', { path, error: messageOf(error) });
  });
  return () => watcher.close();
}
