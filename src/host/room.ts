import { isObject } from '../core/json.ts';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { codeOf, denied, isFailure, messageOf, type Failure } from '../core/failure.ts';
import { formatBytes } from '../core/quantity.ts';
import { isMissing } from './files.ts';

/** What is always left free, for the databases and logs beside: a fiftieth of a file system, a gibibyte at most. */
const RESERVED_SHARE = 1 / 50;
const MOST_RESERVED = 2 ** 30;
const LOOK_MS = 1000;

/** What there is left on a file system. */
interface Room {
  readonly place: string;
  readonly freeBytes: number;
  readonly sizeBytes: number;
  /** Infinite where the file system does not count them. */
  readonly freeFiles: number;
}

/** How other programs say the same; they run in a neutral locale. */
const SAID = /No space left on device|Disk quota exceeded|resulted in short write/;
/** What failures with the words of other programs are called. */
const OF_PROGRAMS: ReadonlySet<string> = new Set(['ProgramFailed', 'MachineNotStarted']);

/** As SQLite says it. */
const SQLITE_FULL = 13;

/** True for an error that says, in whichever words, that there was no room to write. */
export function isAboutRoom(error: unknown): boolean {
  if (isFailure(error)) return OF_PROGRAMS.has(error.code) && SAID.test(error.message);
  if (isObject(error) && error['errcode'] === SQLITE_FULL) return true;
  const code = codeOf(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** Errors of calls that take a path name the place exactly; those of writing do not. */
function placesOf(error: unknown, places: readonly string[]): readonly string[] {
  const isExact = typeof error === 'object' && error !== null && 'path' in error;
  return isExact && typeof error.path === 'string' ? [error.path] : places;
}

async function roomAt(place: string): Promise<Room> {
  try {
    const { bavail, blocks, bsize, files, ffree } = await statfs(place);
    const [freeBytes, sizeBytes] = [bavail * bsize, blocks * bsize];
    return { place, freeBytes, sizeBytes, freeFiles: files === 0 ? Infinity : ffree };
  } catch (error) {
    if (isMissing(error) && dirname(place) !== place) return roomAt(dirname(place));
    throw error;
  }
}

/** The one of which there is least: the one that was meant. */
function fullest(rooms: readonly Room[]): Room | undefined {
  const rank = ({ freeBytes, freeFiles }: Room) => (freeFiles === 0 ? -1 : freeBytes);
  return rooms.toSorted((one, other) => rank(one) - rank(other))[0];
}

function noRoom(place: string, why: string): Failure {
  const message = `there is not enough room on the file system of ${place}: ${why}`;
  const hint =
    'Free space there, or make it larger, or raise the quota; it is tried again by itself.';
  return denied('NoRoom', message, hint);
}

async function becameFull(
  cause: unknown,
  places: readonly string[],
  neededBytes?: number,
): Promise<Failure> {
  const room = fullest(await Promise.all(placesOf(cause, places).map((place) => roomAt(place))));
  const { place = '', freeBytes = 0, freeFiles = Infinity } = room ?? {};
  const needed = neededBytes === undefined ? '' : `${formatBytes(neededBytes)} are needed, `;
  const files = Number.isFinite(freeFiles) ? ` and ${freeFiles} files` : '';
  const free = `${formatBytes(freeBytes)}${files} are free`;
  return noRoom(place, `${needed}${free} (${messageOf(cause).slice(-300)})`);
}

/** Fails where a file system is full: for programs that do not tell when they could not write. */
export async function requireRoom(place: string): Promise<void> {
  const { freeBytes, freeFiles } = await roomAt(place);
  if (freeBytes > 0 && freeFiles > 0) return;
  throw await becameFull(new Error('a program used it up'), [place]);
}

/**
 * Runs work that writes below some places. Where there is no room for it, the failure says where, and
 * what is free now that the work has removed what it could not complete.
 */
export async function withRoom<Result>(
  places: readonly string[],
  work: () => Promise<Result>,
  neededBytes?: number,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw isAboutRoom(error) ? await becameFull(error, places, neededBytes) : error;
  }
}

/** Bytes that a job may still write to the file system of a folder. */
export async function roomIn(folder: string): Promise<number> {
  const { freeBytes, sizeBytes } = await roomAt(folder);
  return Math.max(0, freeBytes - Math.min(MOST_RESERVED, sizeBytes * RESERVED_SHARE));
}

/** Throws unless so many bytes can be written below a folder. */
export async function needRoom(folder: string, bytes: number, what: string): Promise<void> {
  const room = await roomIn(folder);
  if (bytes <= room) return;
  const [needed, left] = [bytes, room].map(formatBytes);
  throw noRoom(folder, `${what} needs ${needed}, ${left} are free for it`);
}

/** Something that writes below a folder, and that others may fill meanwhile. */
export interface Writing {
  readonly folder: string;
  readonly what: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Runs a program that writes, and ends it before the file system is full. */
export async function whileRoom<Result>(
  { folder, what, clock, signal }: Writing,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const full = new AbortController();
  const over = new AbortController();
  const watch = async () => {
    while (!over.signal.aborted) {
      await clock.sleep(LOOK_MS, over.signal);
      if ((await roomIn(folder)) > 0) continue;
      full.abort(noRoom(folder, `${what} was stopped before it was full`));
      return;
    }
  };
  // It ends when the work is over, by the end of its sleep.
  watch().catch(() => undefined);
  try {
    return await work(AbortSignal.any([signal, full.signal]));
  } catch (error) {
    throw isFailure(full.signal.reason) ? full.signal.reason : error;
  } finally {
    over.abort();
  }
}
