import { constants, open, stat, type FileHandle } from 'node:fs/promises';
import { cleanText } from '../../core/text.ts';
import { isMissing } from '../../host/files.ts';

/** A guest may write as fast as it likes: beyond this the file is cut. */
const LONGEST_BYTES = 2 ** 20;
const KEPT_BYTES = 2 ** 16;

/** Never made anew: a log that comes back after its machine went would seem to be a stranger's. */
const CUTTING = constants.O_RDWR | constants.O_APPEND;

const READ_BYTES = 2 ** 14;
const MOST_LINES = 10;
const MOST_BYTES = 2 ** 11;

/**
 * When a guest was last heard on its serial line; undefined for one that said nothing. Machines that an
 * older release started have no log: nobody can say that they are silent, so they count from their boot.
 */
export async function heardAt(serialLog: string, bootedAt: number): Promise<number | undefined> {
  try {
    const { size, mtimeMs } = await stat(serialLog);
    return size === 0 ? undefined : Math.floor(mtimeMs);
  } catch (error) {
    if (isMissing(error)) return bootedAt;
    throw error;
  }
}

async function withFile<Result>(
  path: string,
  flags: string | number,
  work: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  const file = await open(path, flags);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

async function tailOf(file: FileHandle, length: number): Promise<Buffer> {
  const { size } = await file.stat();
  const tail = Buffer.alloc(Math.min(size, length));
  const { bytesRead } = await file.read(tail, 0, tail.length, size - tail.length);
  return tail.subarray(0, bytesRead);
}

/**
 * Cuts what a guest has said down to its end. In place, because QEMU keeps the file open; it appends,
 * so a line that comes just now may be lost and nothing else.
 */
export async function cutSerialLog(path: string): Promise<void> {
  try {
    if ((await stat(path)).size <= LONGEST_BYTES) return;
    await withFile(path, CUTTING, async (file) => {
      const tail = await tailOf(file, KEPT_BYTES);
      await file.truncate();
      await file.appendFile(tail);
    });
  } catch (error) {
    // Its machine was removed meanwhile.
    if (!isMissing(error)) throw error;
  }
}

function lastOf(lines: readonly string[]): readonly string[] {
  const kept: string[] = [];
  let room = MOST_BYTES;
  for (const line of lines.slice(-MOST_LINES).reverse()) {
    const short = Buffer.from(line)
      .subarray(0, room - 1)
      .toString()
      .replace(/\ufffd$/u, '');
    room -= Buffer.byteLength(short) + 1;
    if (short !== '') kept.unshift(short);
    if (room <= 1) break;
  }
  return kept;
}

/** The last lines of a text console, without anything that could act on whoever prints them. */
export function cleanLines(raw: string): readonly string[] {
  const lines = cleanText(raw)
    .split('\n')
    .map((line) => line.replaceAll('\t', ' ').trimEnd());
  return lastOf(lines.filter((line) => line !== ''));
}

/** The last lines that a guest said on its serial line. */
export async function lastLines(serialLog: string): Promise<readonly string[]> {
  try {
    const tail = await withFile(serialLog, 'r', (file) => tailOf(file, READ_BYTES));
    return cleanLines(tail.toString('utf8'));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
