import { MOST_RUNS } from '../limits.ts';
import type { Range } from '../volume.ts';
import { badDelta } from './failure.ts';
import type { PaxRecords } from './pax.ts';
import type { Pull } from './pull.ts';
import { BLOCK } from './ustar.ts';

/** What all records about holes begin with. */
const SPARSE_KEY = 'GNU.sparse.';

/** The records of the form that GNU tar calls 1.0: the runs stand before the bytes, as text. */
export const SPARSE = {
  major: `${SPARSE_KEY}major`,
  minor: `${SPARSE_KEY}minor`,
  name: `${SPARSE_KEY}name`,
  size: `${SPARSE_KEY}realsize`,
} as const;

/**
 * What a reader that knows no holes sees as the folder. Releases of ours before them refuse a part that is a
 * dot, and so never take the runs for bytes of the file.
 */
export const SPARSE_FOLDER = './GNUSparseFile.0/';

/** True if an entry tells its holes; refused if in another form than ours. */
export function isSparse(records: PaxRecords): boolean {
  const keys = [...records.keys()].filter((key) => key.startsWith(SPARSE_KEY));
  if (keys.length === 0) return false;
  const known: ReadonlySet<string> = new Set(Object.values(SPARSE));
  const told = (key: string) => Buffer.from(records.get(key) ?? []).toString('latin1');
  const ours = keys.length === known.size && keys.every((key) => known.has(key));
  if (ours && told(SPARSE.major) === '1' && told(SPARSE.minor) === '0') return true;
  throw badDelta('it tells the holes of a file in an unknown way');
}

/** The runs as they stand before the bytes of a file, in whole blocks. GNU tar makes a hole at the end by an empty run. */
export function encodeRuns(runs: readonly Range[], sizeBytes: number): Buffer {
  const last = runs.at(-1);
  const atEnd = last !== undefined && last.start + last.length === sizeBytes;
  const all = atEnd ? runs : [...runs, { start: sizeBytes, length: 0 }];
  const text = [all.length, ...all.flatMap(({ start, length }) => [start, length])].join('\n');
  return Buffer.from(`${text}\n`.padEnd(Math.ceil((text.length + 1) / BLOCK) * BLOCK, '\0'));
}

/** Takes numbers from an archive, each on a line of its own. */
class Numbers {
  private readonly pull: Pull;
  private text = '';
  readBytes = 0;

  constructor(pull: Pull) {
    this.pull = pull;
  }

  async next(): Promise<number> {
    while (!this.text.includes('\n')) {
      if (this.text.length > BLOCK) throw badDelta('the runs of a file are malformed');
      this.text += (await this.pull.exactly(BLOCK)).toString('latin1');
      this.readBytes += BLOCK;
    }
    const end = this.text.indexOf('\n');
    const digits = this.text.slice(0, end);
    this.text = this.text.slice(end + 1);
    if (!/^(?:0|[1-9][0-9]{0,14})$/.test(digits))
      throw badDelta('the runs of a file are malformed');
    return Number(digits);
  }

  /** After the last number only zeros fill the block. */
  end(): void {
    if (!/^\0*$/.test(this.text)) throw badDelta('something follows the runs of a file');
  }
}

/** What stands before the bytes of a file with holes. */
export interface SparseHead {
  readonly runs: readonly Range[];
  /** Sum of the runs: what follows. */
  readonly contentBytes: number;
}

/** Reads the runs of a file whose entry has `storedBytes` in all; they are ascending, apart and in the file. */
export async function decodeRuns(
  pull: Pull,
  storedBytes: number,
  sizeBytes: number,
): Promise<SparseHead> {
  const numbers = new Numbers(pull);
  const count = await numbers.next();
  if (count > MOST_RUNS) throw badDelta(`a file lies in more than ${MOST_RUNS} runs`);
  const runs: Range[] = [];
  let end = 0;
  let contentBytes = 0;
  for (let i = 0; i < count; i += 1) {
    const [start, length] = [await numbers.next(), await numbers.next()];
    const isEnd = length === 0 && i === count - 1 && start === sizeBytes;
    if (start < end || start + length > sizeBytes || (length === 0 && !isEnd)) {
      throw badDelta('the runs of a file overlap or lie outside of it');
    }
    end = start + length;
    contentBytes += length;
    if (!isEnd) runs.push({ start, length });
  }
  numbers.end();
  if (end !== sizeBytes) throw badDelta('the runs of a file do not tell its end');
  if (numbers.readBytes + contentBytes !== storedBytes) {
    throw badDelta('the runs of a file are not as long as its entry');
  }
  return { runs, contentBytes };
}
