import { Failure, failureData, type FailureData } from '../core/failure.ts';
import type { Reading, SourceObject } from './reading.ts';
import { SOURCE_LIMITS, type Problem } from './snapshot.ts';

/** What the process that reads a source says on its standard output, a line each. */
type Line =
  | { readonly type: 'revision'; readonly revision: string }
  | { readonly type: 'file'; readonly file: string }
  | { readonly type: 'problem'; readonly problem: Problem }
  /** The object itself follows after a tab, so that nobody parses it before it is needed. */
  | { readonly type: 'object'; readonly object: Omit<SourceObject, 'json'> }
  | { readonly type: 'read' | 'unchanged' }
  | { readonly type: 'failure'; readonly failure: FailureData };

/** Most bytes of a line: an object in UTF-8, and what it is. */
export const MAX_LINE_BYTES = 4 * SOURCE_LIMITS.objectBytes + 65_536;
/** Most characters that a reader may say: objects, places and problems of a source at its limits. */
const MAX_CHARS = 4 * SOURCE_LIMITS.objectsBytes;

function lineOf(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

/** Says which revision is read, and which file of it. */
export function revisionLine(revision: string): string {
  return lineOf({ type: 'revision', revision });
}

/** Says which file is parsed next. */
export function fileLine(file: string): string {
  return lineOf({ type: 'file', file });
}

/** Says why there is no reading. */
export function failureLine(error: unknown): string {
  return lineOf({ type: 'failure', failure: failureData(error) });
}

/** Says what was read, in slices. */
export function* readingLines(reading: Reading | undefined): Generator<string> {
  if (reading === undefined) return yield lineOf({ type: 'unchanged' });
  yield revisionLine(reading.revision);
  for (const problem of reading.problems) yield lineOf({ type: 'problem', problem });
  for (const { json, ...object } of reading.objects) {
    yield `${JSON.stringify({ type: 'object', object })}\t${json}\n`;
  }
  yield lineOf({ type: 'read' });
}

/** Puts the lines of a reader together again, and knows how far it came. */
export class HeardReading {
  private readonly objects: SourceObject[] = [];
  private readonly problems: Problem[] = [];
  private chars = 0;
  revision: string | undefined;
  /** The file that was parsed last. */
  file: string | undefined;
  /** Undefined while the reader has not come to an end. */
  end: 'read' | 'unchanged' | Failure | undefined;

  take(text: string): void {
    this.chars += text.length;
    if (this.chars > MAX_CHARS) throw new RangeError('a reader of sources says too much');
    const tab = text.indexOf('\t');
    const line = JSON.parse(tab === -1 ? text : text.slice(0, tab)) as Line;
    switch (line.type) {
      case 'revision':
        this.revision = line.revision;
        return;
      case 'file':
        this.file = line.file;
        return;
      case 'problem':
        this.problems.push(line.problem);
        return;
      case 'object':
        this.objects.push({
          ...line.object,
          namespace: line.object.namespace,
          json: text.slice(tab + 1),
        });
        return;
      case 'failure':
        this.end = new Failure(line.failure);
        return;
      default:
        this.end = line.type;
    }
  }

  reading(revision: string): Reading {
    return { revision, objects: this.objects, problems: this.problems };
  }
}
