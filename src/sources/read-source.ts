import type { Clock } from '../core/clock.ts';
import { isFailure } from '../core/failure.ts';
import { readSettled } from './directory.ts';
import { readGit } from './git.ts';
import type { Reading, ReadRequest } from './reading.ts';
import { fileProblem, type Snapshot } from './snapshot.ts';

/** What reading a source needs of its surroundings. */
export interface ReaderTools {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Hears which revision is read, as soon as that is known. */
  readonly onRevision: (revision: string) => void;
  /** Hears of each file before it is parsed. */
  readonly onFile: (path: string) => void;
}

async function newest(
  { place, known }: ReadRequest,
  { clock, environment, signal, onRevision }: ReaderTools,
): Promise<Snapshot | undefined> {
  if (place.kind === 'git') {
    const { location, cache } = place;
    return readGit({ location, cache, environment, known, onRevision }, signal);
  }
  const snapshot = await readSettled(place.path, clock, { known, signal });
  return snapshot.revision === known ? undefined : snapshot;
}

/**
 * Reads and judges the newest revision of a source; undefined if it is the known one. It works in the process
 * that calls it and takes what the content makes it take: controllers call it in a process of its own.
 */
export async function readSource(
  request: ReadRequest,
  tools: ReaderTools,
): Promise<Reading | undefined> {
  let told: string | undefined;
  const onRevision = (revision: string) => {
    told = revision;
    tools.onRevision(revision);
  };
  try {
    const snapshot = await newest(request, { ...tools, onRevision });
    if (snapshot === undefined) return undefined;
    onRevision(snapshot.revision);
    // Most looks find nothing new, and need none of this.
    const { validateSnapshot } = await import('./validate.ts');
    const { objects, problems } = validateSnapshot(snapshot, {
      namespace: request.namespace,
      onFile: tools.onFile,
    });
    const { revision } = snapshot;
    return { revision, objects: problems.length === 0 ? objects : [], problems };
  } catch (error) {
    // What only another commit can cure is a problem of this one.
    if (told === undefined || !isFailure(error) || error.consequence !== 'Impossible') throw error;
    return refused(told, error);
  }
}

/** A revision that cannot be read. */
export function refused(
  revision: string,
  why: { readonly message: string; readonly hint?: string | undefined; readonly file?: string },
): Reading {
  const { message, hint, file = '.' } = why;
  const cure = hint === undefined ? '' : ` ${hint}`;
  return { revision, objects: [], problems: [fileProblem(file, `${message}.${cure}`)] };
}
