import { readdir, readFile, rm } from 'node:fs/promises';
import { Failure } from '../../core/failure.ts';
import { isObject } from '../../core/json.ts';
import { isMissing, writeFileAtomic } from '../../host/files.ts';
import type { Places } from './places.ts';

/** `disk.json`: whose disk this is and whether it is complete. Written before the disk itself. */
export interface DiskMarker {
  readonly installId: string;
  readonly key: string;
  readonly state: 'filling' | 'ready' | 'deleting';
  /** The file that the disk is an overlay of. */
  readonly source: string;
}

/** `machine.json`: makes a folder with a disk a machine. Written last. */
export interface MachineMarker {
  readonly installId: string;
  readonly key: string;
  readonly displayName: string;
  readonly purpose: string;
}

/** `launch.json`: written before QEMU is started. */
export interface LaunchMarker {
  readonly poweredOnAt: number;
  readonly qmp: string;
  readonly serial: string;
  readonly vnc: string;
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
  const { installId, key, state, source } = value;
  return {
    installId: text(installId),
    key: text(key),
    // What we do not understand was never finished by us.
    state: state === 'ready' || state === 'deleting' ? state : 'filling',
    source: text(source),
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
  const { poweredOnAt, qmp, serial, vnc } = value;
  return {
    poweredOnAt: typeof poweredOnAt === 'number' ? poweredOnAt : 0,
    qmp: text(qmp),
    serial: text(serial),
    vnc: text(vnc),
  };
}

/** Writes a marker so that a crash leaves the old one or the new one. */
export async function writeMarker(
  path: string,
  marker: DiskMarker | MachineMarker | LaunchMarker,
): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(marker, undefined, 2)}\n`, 0o600);
}

/** The failure for a thing under our key that another installation owns. */
function foreign(folder: string): Failure {
  return new Failure({
    consequence: 'Conflict',
    code: 'ForeignMachine',
    message: `${folder} belongs to another installation`,
    hint: 'Give each installation its own data directory, or move the folder away.',
  });
}

/**
 * Throws unless the folder is ours, empty or missing. A folder with content and no marker was not
 * made by us: our markers come first and go last.
 */
export async function checkOwner(places: Places, installId: string): Promise<void> {
  const markers = [await readDiskMarker(places), await readMachineMarker(places)];
  const known = markers.filter((marker) => marker !== undefined);
  if (known.some((marker) => marker.installId !== installId)) throw foreign(places.folder);
  if (known.length > 0) return;
  if ((await contentOf(places.folder)).length > 0) throw foreign(places.folder);
}

/** Names in a folder, without what a crash may leave of an atomic write. */
async function contentOf(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => !/^\.[0-9a-f]{12}\.tmp$/.test(name));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Removes the folder of a machine once nothing is left in it. */
export async function removeEmpty(folder: string): Promise<void> {
  if ((await contentOf(folder)).length > 0) return;
  await rm(folder, { recursive: true, force: true });
}
