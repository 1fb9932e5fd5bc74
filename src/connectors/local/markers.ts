import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../core/failure.ts';
import { isObject } from '../../core/json.ts';
import { isMissing, writeFileAtomic } from '../../host/files.ts';
import type { Places } from './places.ts';

/** `disk.json`: whose disk this is and whether it is complete. Written before the disk itself. */
export interface DiskMarker {
  readonly installId: string;
  readonly key: string;
  readonly state: 'filling' | 'ready' | 'deleting';
  /** The upload that fills it, or has filled it. */
  readonly attempt?: string;
  /** Id of the composition that it holds. */
  readonly composition?: string;
  /** In disks of older releases: the file outside that the disk is an overlay of. */
  readonly source?: string;
}

/** `machine.json`: makes a folder with a disk a machine. Written last. */
export interface MachineMarker {
  readonly installId: string;
  readonly key: string;
  readonly displayName: string;
  readonly purpose: string;
}

/** `launch.json`: written before QEMU is started, and again once it was seen to run. */
export interface LaunchMarker {
  readonly poweredOnAt: number;
  readonly qmp: string;
  readonly serial: string;
  readonly vnc: string;
  /** Older releases wrote none: what they left counts as started. */
  readonly state: 'starting' | 'started';
  readonly pid?: number;
  /** The power-on before this one, if it had started. */
  readonly before?: number;
}

async function readJson(path: string): Promise<Record<string, unknown> | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (isObject(parsed)) return parsed;
  } catch {
    // Told below, with the path.
  }
  throw new Failure({
    consequence: 'Conflict',
    code: 'BadMarker',
    message: `${path} is not a marker of ours`,
    hint: 'Move the folder away if nothing in it is needed.',
  });
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The disk marker of a folder, whoever wrote it. */
export async function readDiskMarker(places: Places): Promise<DiskMarker | undefined> {
  const value = await readJson(places.diskMarker);
  if (value === undefined) return undefined;
  const { installId, key, state, attempt, composition, source } = value;
  return {
    installId: text(installId),
    key: text(key),
    // What we do not understand was never finished by us.
    state: state === 'ready' || state === 'deleting' ? state : 'filling',
    ...(typeof attempt === 'string' ? { attempt } : {}),
    ...(typeof composition === 'string' ? { composition } : {}),
    ...(typeof source === 'string' ? { source } : {}),
  };
}

/** The machine marker of a folder, whoever wrote it. */
export async function readMachineMarker(places: Places): Promise<MachineMarker | undefined> {
  const value = await readJson(places.machineMarker);
  if (value === undefined) return undefined;
  const { installId, key, displayName, purpose } = value;
  return {
    installId: text(installId),
    key: text(key),
    displayName: text(displayName),
    purpose: text(purpose),
  };
}

/** What the last power-on was started with. */
export async function readLaunch(places: Places): Promise<LaunchMarker | undefined> {
  const value = await readJson(places.launch);
  if (value === undefined) return undefined;
  const { poweredOnAt, qmp, serial, vnc, state, pid, before } = value;
  return {
    poweredOnAt: typeof poweredOnAt === 'number' ? poweredOnAt : 0,
    qmp: text(qmp),
    serial: text(serial),
    vnc: text(vnc),
    state: state === 'starting' ? state : 'started',
    ...(typeof pid === 'number' ? { pid } : {}),
    ...(typeof before === 'number' ? { before } : {}),
  };
}

/** Writes a marker so that a crash leaves the old one or the new one. */
export async function writeMarker(
  path: string,
  marker: DiskMarker | MachineMarker | LaunchMarker,
): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(marker, undefined, 2)}\n`, 0o600);
}

/** Whether a folder is ours: our mark alone is not enough, since whoever copies a folder copies the mark. */
export function isOurs(
  marker: DiskMarker | MachineMarker | undefined,
  places: Places,
  installId: string,
): boolean {
  return marker?.installId === installId && marker.key === places.key;
}

function conflict(code: string, message: string, hint: string): Failure {
  return new Failure({ consequence: 'Conflict', code, message, hint });
}

function foreign(folder: string): Failure {
  return conflict(
    'ForeignMachine',
    `${folder} belongs to another installation`,
    'Give each installation its own data directory, or move the folder away.',
  );
}

/**
 * Throws unless the folder is ours, empty or missing. A folder with content and no marker was not
 * made by us: our markers come first and go last.
 */
export async function checkOwner(places: Places, installId: string): Promise<void> {
  const markers = [await readDiskMarker(places), await readMachineMarker(places)];
  const known = markers.filter((marker) => marker !== undefined);
  if (known.some((marker) => marker.installId !== installId)) throw foreign(places.folder);
  const copied = known.find(({ key }) => key !== places.key);
  if (copied !== undefined) {
    throw conflict(
      'CopiedMachine',
      `${places.folder} was copied from ${copied.key}`,
      'Move the copy out of the machines folder.',
    );
  }
  if (known.length > 0) return;
  if ((await contentOf(places.folder)).length > 0) throw foreign(places.folder);
}

/**
 * What a crash may leave of an atomic write, and of an upload; and the log that earlier releases could
 * leave when they cut it while its machine was deleted.
 */
const SCRAP = /^(\.[0-9a-f]{12}\.tmp|\.upload-[0-9a-f]{12}|serial\.log)$/;

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function contentOf(folder: string): Promise<readonly string[]> {
  return (await namesIn(folder)).filter((name) => !SCRAP.test(name));
}

/** The folder in which one upload makes its files. */
export function attemptFolder(places: Places, attempt: string): string {
  return join(places.folder, `.upload-${attempt}`);
}

/** Removes what uploads left that were killed or taken over. */
export async function removeAttempts(places: Places): Promise<void> {
  for (const name of await namesIn(places.folder)) {
    if (!name.startsWith('.upload-')) continue;
    await rm(join(places.folder, name), { recursive: true, force: true });
  }
}

/** Removes the folder of a machine once nothing is left in it. */
export async function removeEmpty(folder: string): Promise<void> {
  if ((await contentOf(folder)).length > 0) return;
  await rm(folder, { recursive: true, force: true });
}

/** Revisions with a complete publication; half-written ones have other names. */
export async function revisionsIn({ snapshots }: Places): Promise<readonly string[]> {
  const names = await namesIn(snapshots);
  const complete = names.filter((name) => name.endsWith('.qcow2') && !name.startsWith('.'));
  return complete.map((name) => name.slice(0, -'.qcow2'.length)).sort();
}

/** Removes what copies left that were killed; only by whoever holds the disk, so that none runs. */
export async function removePartials({ snapshots }: Places): Promise<void> {
  for (const name of await namesIn(snapshots)) {
    if (!name.endsWith('.partial')) continue;
    await rm(join(snapshots, name), { force: true });
  }
}
