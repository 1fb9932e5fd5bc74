import { dirname, resolve } from 'node:path';
import { Failure } from '../../core/failure.ts';
import { isFile, isFolder } from '../../host/files.ts';
import { withRoom } from '../../host/room.ts';
import type { CopyOptions, DiskRef, Fetched, HandedOut, Transfer } from '../connector.ts';
import { publishFile } from './copy.ts';
import { holdDisk, type HeldDisk } from './lock.ts';
import { tracesOf } from './machines.ts';
import { checkOwner, isOurs, readDiskMarker, type DiskMarker } from './markers.ts';
import { placesOf, snapshotPath, type Places } from './places.ts';
import { Processes } from './process.ts';
import type { LocalOptions } from './settings.ts';
import { Uploads } from './upload.ts';

function missing(message: string): Failure {
  return new Failure({ consequence: 'Lost', code: 'DiskMissing', message });
}

async function readyMarker(options: LocalOptions, places: Places): Promise<DiskMarker> {
  const marker = await readDiskMarker(places);
  if (isOurs(marker, places, options.installId) && marker?.state === 'ready') return marker;
  throw missing(`there is no complete disk ${places.key}`);
}

/** Holds a complete disk whose machine is off. It never speaks to QEMU: that is the session's. */
async function holdQuiet(options: LocalOptions, places: Places): Promise<HeldDisk> {
  await readyMarker(options, places);
  const held = await holdDisk(options, places.key);
  try {
    await readyMarker(options, places);
    await requireOff(options, places);
    return held;
  } catch (error) {
    held[Symbol.dispose]();
    throw error;
  }
}

async function requireOff(options: LocalOptions, places: Places): Promise<void> {
  const traces = await tracesOf(places, options.installId);
  if ((await new Processes(options.clock).find(traces)) === undefined) return;
  throw new Failure({
    consequence: 'Busy',
    code: 'MachineOn',
    message: `the disk of ${places.key} cannot be read while its machine is on`,
  });
}

/** Where the files of a chain may lie: disks of older releases are overlays of what the jobs composed. */
async function rootsOf(places: Places, marker: DiskMarker): Promise<readonly string[]> {
  const { composition, source } = marker;
  if (composition !== undefined || source === undefined) return [places.folder];
  const work = resolve(dirname(source), '..', '..');
  return (await isFolder(work)) ? [places.folder, work] : [places.folder];
}

async function handOut(options: LocalOptions, places: Places): Promise<HandedOut> {
  return {
    disk: { path: places.disk, format: 'qcow2' },
    roots: await rootsOf(places, await readyMarker(options, places)),
  };
}

async function downloadMachine(options: LocalOptions, key: string): Promise<Fetched> {
  const places = placesOf(options.machinesDir, key);
  const held = await holdQuiet(options, places);
  try {
    return {
      ...(await handOut(options, places)),
      [Symbol.asyncDispose]: () => Promise.resolve(held[Symbol.dispose]()),
    };
  } catch (error) {
    held[Symbol.dispose]();
    throw error;
  }
}

async function downloadPublished(
  options: LocalOptions,
  key: string,
  revision: string,
): Promise<Fetched> {
  const places = placesOf(options.machinesDir, key);
  const path = snapshotPath(places, revision);
  const ours = isOurs(await readDiskMarker(places), places, options.installId);
  if (!ours || !(await isFile(path))) throw missing(`${key} has no publication ${revision}`);
  return {
    disk: { path, format: 'qcow2' },
    roots: [places.snapshots],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function copy(
  options: LocalOptions,
  key: string,
  revision: string,
  transfer: CopyOptions,
): Promise<void> {
  const places = placesOf(options.machinesDir, key);
  const path = snapshotPath(places, revision);
  await checkOwner(places, options.installId);
  if (await isFile(path)) return;
  const held = await holdQuiet(options, places);
  try {
    if (await isFile(path)) return;
    await transfer.check(await handOut(options, places));
    await publishFile(options.run, places, revision, transfer);
  } finally {
    held[Symbol.dispose]();
  }
}

/** The data verbs, in the process of a job: disks are files of this host, so they are handed out. */
export function localTransfer(options: LocalOptions): Transfer {
  const uploads = new Uploads(options);
  const places = [options.machinesDir, options.runDir];
  return {
    upload: (key, disk, transfer) => withRoom(places, () => uploads.upload(key, disk, transfer)),
    download: async (disk: DiskRef, _folder, { signal }) => {
      signal.throwIfAborted();
      return disk.of === 'machine'
        ? downloadMachine(options, disk.key)
        : downloadPublished(options, disk.key, disk.revision);
    },
    copy: async (key, revision, transfer) => {
      transfer.signal.throwIfAborted();
      return withRoom(places, () => copy(options, key, revision, transfer));
    },
  };
}
