import type { DeltaChange } from './entry.ts';
import { badDelta } from './failure.ts';
import { archiveKey, archivePath, parentOf } from './path.ts';

interface Level {
  readonly path: string;
  readonly isDirectory: boolean;
  /** Paths that this directory's whiteouts remove. */
  readonly removed: Set<string>;
}

function isBelow(path: string, directory: string): boolean {
  return directory === '/' || path.startsWith(`${directory}/`);
}

/** The child of `directory` that is `path` or lies above it. */
function stepTowards(path: string, directory: string): string {
  const start = directory === '/' ? 1 : directory.length + 1;
  const end = path.indexOf('/', start);
  return end < 0 ? path : path.slice(0, end);
}

/**
 * Checks that changes follow one another as in every archive of ours: in order, so without
 * duplicates; nothing inside what is no directory or was removed; links to earlier files only.
 */
export class Sequence {
  private last: Buffer = Buffer.alloc(0);
  private levels: Level[] = [];
  private readonly linkable = new Set<string>();

  /** Takes the next change or throws. */
  add(change: DeltaChange): void {
    const path = archivePath(change);
    const key = archiveKey(path);
    if (this.last.compare(key) >= 0) throw badDelta(`${path} is repeated or out of order`);
    this.last = key;
    const directory = change.op === 'opaque' ? change.path : parentOf(change.path);
    this.enter(directory);
    this.check(change);
    this.remember(change);
  }

  private enter(directory: string): void {
    this.levels = this.levels.filter(
      (level) => level.path === directory || isBelow(directory, level.path),
    );
    if (this.levels.some(({ isDirectory }) => !isDirectory)) {
      throw badDelta(`${directory} is used as a directory but is none`);
    }
    if (this.levels.at(-1)?.path !== directory) {
      this.levels.push({ path: directory, isDirectory: true, removed: new Set() });
    }
  }

  private check(change: DeltaChange): void {
    const { path } = change;
    const gone = this.levels.some((level) => level.removed.has(stepTowards(path, level.path)));
    if (gone) throw badDelta(`${path} is removed and put at once`);
    if (change.op === 'link' && !this.linkable.has(change.to)) {
      throw badDelta(`${path} links to what this layer has not put before`);
    }
  }

  private remember(change: DeltaChange): void {
    const { op, path } = change;
    if (op === 'whiteout') this.levels.at(-1)?.removed.add(path);
    if (op !== 'put') return;
    const isDirectory = change.meta.type === 'directory';
    if (!isDirectory) this.linkable.add(path);
    this.levels.push({ path, isDirectory, removed: new Set() });
  }
}
