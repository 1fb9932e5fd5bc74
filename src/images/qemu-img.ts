import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isObject } from '../core/json.ts';
import { denied, isFailure, transient } from '../core/failure.ts';
import { syncFolder } from '../host/files.ts';
import type { Run } from '../host/run.ts';
import { refused } from './failures.ts';
import type { DiskFile } from './source.ts';

/** One line of `qemu-img map`. */
export interface MapEntry {
  readonly start: number;
  readonly length: number;
  readonly depth: number;
  readonly present: boolean;
  readonly zero: boolean;
  readonly data: boolean;
  /** Where the bytes lie in the file of this depth; absent for zeros and compressed clusters. */
  readonly offset?: number;
}

/** A new overlay. */
export interface OverlayWanted {
  readonly path: string;
  readonly backing: DiskFile;
  /** The size of the backing disk by default. */
  readonly sizeBytes?: number;
}

/** How a run that reads or writes a whole disk is limited. */
export interface LongRunOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Some hundred bytes for each extent: room for a million of them. */
const MAP_LIMIT = 256 * 2 ** 20;
const LONG_RUN_MS = 6 * 3_600_000;

/** Makes an overlay in which 4 KiB is the smallest unit, so that it stays as small as its changes. */
export async function createOverlay(run: Run, wanted: OverlayWanted): Promise<DiskFile> {
  const { path, backing, sizeBytes } = wanted;
  await run('qemu-img', [
    ...'create -q -f qcow2 -o extended_l2=on,cluster_size=128k -F'.split(' '),
    backing.format,
    '-b',
    backing.path,
    path,
    ...(sizeBytes === undefined ? [] : [String(sizeBytes)]),
  ]);
  return { path, format: 'qcow2' };
}

function mapEntry(value: unknown): MapEntry {
  if (
    !isObject(value) ||
    typeof value['start'] !== 'number' ||
    typeof value['length'] !== 'number' ||
    typeof value['depth'] !== 'number'
  ) {
    throw transient('UnexpectedOutput', 'qemu-img map printed an entry of an unknown form');
  }
  const { start, length, depth, present, zero, data, offset } = value;
  return {
    start,
    length,
    depth,
    present: present === true,
    zero: zero === true,
    data: data === true,
    ...(typeof offset === 'number' ? { offset } : {}),
  };
}

/** What qemu-img says when this host fails it; all else it says is about the image. */
const OF_THE_HOST =
  /No space left|Disk quota|Cannot allocate memory|Too many open files|Permission denied|[Ff]ailed to get .* lock|No such file/;
const REMAKE = 'Make the file again from its source; "qemu-img check" lists what is wrong.';

/**
 * Runs qemu-img on an image whose bytes our own code has looked at before: what it cannot make of them no other
 * run can.
 */
async function onImage<Result>(path: string, running: Promise<Result>): Promise<Result> {
  try {
    return await running;
  } catch (error) {
    if (!isFailure(error) || error.code !== 'ProgramFailed') throw error;
    if (OF_THE_HOST.test(error.message)) throw error;
    throw refused(path, `it cannot be read (${error.message})`, REMAKE);
  }
}

async function printedMap(run: Run, file: DiskFile): Promise<string> {
  const args = ['map', '--output=json', '-f', file.format, file.path];
  try {
    const { stdout } = await onImage(
      file.path,
      run('qemu-img', args, { maxOutputBytes: MAP_LIMIT }),
    );
    return stdout;
  } catch (error) {
    if (!isFailure(error) || error.code !== 'ProgramTooChatty') throw error;
    const message = `disk ${file.path} lies in more than a million pieces`;
    throw denied('DiskTooScattered', message, 'Copy the disk as a whole: qemu-img convert.');
  }
}

/** Where the bytes of a disk lie, through all of its chain. */
export async function mapDisk(run: Run, file: DiskFile): Promise<readonly MapEntry[]> {
  const stdout = await printedMap(run, file);
  const parsed: unknown = JSON.parse(stdout);
  if (!Array.isArray(parsed)) {
    throw transient('UnexpectedOutput', 'qemu-img map did not print a list');
  }
  return parsed.map(mapEntry);
}

/**
 * Rewrites a disk from outside as one file. The target appears only when it is complete and on
 * disk; a rerun replaces it.
 */
export async function convertDisk(
  run: Run,
  source: DiskFile,
  target: DiskFile,
  options: LongRunOptions = {},
): Promise<void> {
  const folder = dirname(target.path);
  const temporary = join(folder, `.${randomBytes(6).toString('hex')}.tmp`);
  const { signal, timeoutMs = LONG_RUN_MS } = options;
  try {
    // Write-back cache with a flush at the end: safe, and works where direct I/O does not.
    const how = 'convert -q -m 16 -W -t writeback -f'.split(' ');
    const args = [...how, source.format, '-O', target.format, source.path, temporary];
    const limits = { timeoutMs, ...(signal === undefined ? {} : { signal }) };
    await onImage(source.path, run('qemu-img', args, limits));
    await rename(temporary, target.path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Exit codes of `qemu-img check`: tables that contradict each other, and space that nothing uses. */
const CORRUPT = 2;
const LEAKS = 3;

/** Lets QEMU check the tables of a qcow2 file; refuses it if they are wrong. Leaks lose nothing but space. */
export async function checkDisk(
  run: Run,
  file: DiskFile,
  options: LongRunOptions = {},
): Promise<void> {
  const { signal, timeoutMs = LONG_RUN_MS } = options;
  const running = run('qemu-img', ['check', '-q', '-f', file.format, file.path], {
    okCodes: [0, CORRUPT, LEAKS],
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
  });
  const { code } = await onImage(file.path, running);
  if (code !== CORRUPT) return;
  const why = 'its tables contradict each other, so that parts of it are lost or mixed up';
  throw refused(file.path, why, REMAKE);
}
