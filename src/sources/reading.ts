import type { GitLocation } from './git-url.ts';
import type { Problem } from './snapshot.ts';

/** An object that a source declares, ready to be applied. */
export interface SourceObject {
  readonly kind: string;
  /** Undefined for kinds that have no namespace. */
  readonly namespace: string | undefined;
  readonly name: string;
  /** Where its name stands. */
  readonly place: Pick<Problem, 'file' | 'line' | 'column'>;
  /**
   * The object, pruned and defaulted, its metadata as written. It stays text until it is compared or written:
   * the trees of a whole source may take ten times the memory.
   */
  readonly json: string;
}

/** What one revision of a source declares, judged as a whole. */
export interface Reading {
  /** Commit of a repository, digest of a directory. */
  readonly revision: string;
  /** Sorted by file; none while there are problems. */
  readonly objects: readonly SourceObject[];
  readonly problems: readonly Problem[];
}

/** Where a source lies. */
export type SourcePlace =
  | { readonly kind: 'directory'; readonly path: string }
  /** `cache` is a folder that may be deleted at any time. */
  | { readonly kind: 'git'; readonly location: GitLocation; readonly cache: string };

/** What is to be read. */
export interface ReadRequest {
  readonly place: SourcePlace;
  /** For manifests that name none. */
  readonly namespace: string;
  /** The revision that need not be read again. */
  readonly known?: string;
}

/**
 * Reads the newest revision; undefined if it is the known one. A revision that cannot be read within the
 * limits is a reading with a problem. Throws a Failure when the source cannot be reached.
 */
export type ReadSource = (
  request: ReadRequest,
  signal: AbortSignal,
) => Promise<Reading | undefined>;

/** Where desired state comes from. Observing never changes it. */
export interface Source {
  /** The newest revision; the same object for as long as that does not change. */
  read(signal: AbortSignal): Promise<Reading>;
  /** Calls back when it is worth reading again; returns how to stop. Sources without it are polled. */
  watch?(changed: () => void): () => Promise<void>;
}

/** What reads a source, and what tells when it is worth it. */
export interface ReadSourceOptions extends Pick<Source, 'watch'> {
  readonly read: ReadSource;
  readonly namespace: string;
}

/** A source of which every revision is read once: what came of it serves until there is another. */
export function readOnce(place: SourcePlace, options: ReadSourceOptions): Source {
  const { read, namespace, watch } = options;
  let last: Reading | undefined;
  return {
    read: async (signal) => {
      const known = last === undefined ? {} : { known: last.revision };
      const next = (await read({ place, namespace, ...known }, signal)) ?? last;
      if (next === undefined) throw new TypeError('a revision that nobody knew was not read');
      last = next;
      return next;
    },
    ...(watch === undefined ? {} : { watch }),
  };
}
