import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Failure, transient } from '../../core/failure.ts';
import { isMissing, syncFolder } from '../../host/files.ts';
import { convertDisk, createOverlay } from '../../images/qemu-img.ts';
import type { DiskSeen, DiskSource } from '../connector.ts';
import { checkOwner, readDiskMarker, removeEmpty, writeMarker } from './markers.ts';
import { snapshotsIn } from './owned.ts';
import { checkName, placesOf, type Places } from './places.ts';
import type { Machines } from './machines.ts';
import type { LocalOptions } from './settings.ts';

async function exists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function requireFile(path: string): Promise<void> {
  if (await exists(path)) return;
  throw transient('SourceMissing', `there is no file ${path} to make a disk from`);
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function snapshotPath(places: Places, name: string): string {
  return join(places.snapshots, `${checkName(name)}.qcow2`);
}

/** The disks and snapshots of one installation. */
export class Disks {
  private readonly options: LocalOptions;
  private readonly machines: Machines;

  constructor(options: LocalOptions, machines: Machines) {
    this.options = options;
    this.machines = machines;
  }

  /** Makes an overlay of the source, which stays where it is and must stay as it is. */
  async put(key: string, source: DiskSource): Promise<void> {
    const { installId, machinesDir, run } = this.options;
    const places = this.places(key);
    await checkOwner(places, installId);
    const before = await readDiskMarker(places);
    // The key stands for the content: a disk that is there may hold work by now.
    if (before?.state === 'ready') return;
    const backing = { path: resolve(source.path), format: source.format };
    await requireFile(backing.path);
    const marker = { installId, key, source: backing.path };
    await mkdir(places.folder, { recursive: true, mode: 0o700 });
    await syncFolder(machinesDir);
    await writeMarker(places.diskMarker, { ...marker, state: 'filling' });
    // Under a name of its own: a qemu-img that outlived a killed controller must not meet ours.
    const temporary = join(places.folder, `.${randomBytes(6).toString('hex')}.tmp`);
    await createOverlay(run, { path: temporary, backing, sizeBytes: source.sizeBytes });
    await syncFile(temporary);
    await rename(temporary, places.disk);
    await syncFolder(places.folder);
    await writeMarker(places.diskMarker, { ...marker, state: 'ready' });
  }

  /** The disk, when nobody writes it. */
  async get(key: string): Promise<DiskSeen | undefined> {
    const places = this.places(key);
    if (!(await this.isReady(places))) return undefined;
    await this.requireOff(key);
    return { key, path: places.disk, format: 'qcow2' };
  }

  /** Removes the disk and half-written snapshots. Complete snapshots stay, and with them our marker. */
  async delete(key: string): Promise<void> {
    const places = this.places(key);
    await checkOwner(places, this.options.installId);
    const marker = await readDiskMarker(places);
    if (marker === undefined) return removeEmpty(places.folder);
    await this.requireOff(key);
    if (marker.state !== 'deleting') {
      await writeMarker(places.diskMarker, { ...marker, state: 'deleting' });
    }
    await rm(places.disk, { force: true });
    await this.leaveIfEmpty(places);
  }

  /** Removes one snapshot. */
  async deleteSnapshot(key: string, name: string): Promise<void> {
    const places = this.places(key);
    await checkOwner(places, this.options.installId);
    await rm(snapshotPath(places, name), { force: true });
    const marker = await readDiskMarker(places);
    if (marker?.state === 'deleting') await this.leaveIfEmpty(places);
  }

  /** The marker goes last, because it is what says that the rest is ours. */
  private async leaveIfEmpty(places: Places): Promise<void> {
    if ((await snapshotsIn(places)).length > 0) return;
    await rm(places.snapshots, { recursive: true, force: true });
    await rm(places.diskMarker, { force: true });
    await removeEmpty(places.folder);
  }

  /** Writes the disk, chain and all, into one read-only file. */
  async snapshot(key: string, name: string, signal: AbortSignal): Promise<void> {
    const places = this.places(key);
    const path = snapshotPath(places, name);
    await checkOwner(places, this.options.installId);
    if (!(await this.isReady(places))) {
      throw transient('DiskMissing', `there is no complete disk ${key}`);
    }
    if (await exists(path)) return;
    await this.requireOff(key);
    await mkdir(places.snapshots, { recursive: true, mode: 0o700 });
    const partial = join(places.snapshots, `.${name}.${randomBytes(6).toString('hex')}.partial`);
    const source = { path: places.disk, format: 'qcow2' } as const;
    await convertDisk(this.options.run, source, { path: partial, format: 'qcow2' }, { signal });
    await chmod(partial, 0o444);
    await syncFile(partial);
    await rename(partial, path);
    await syncFolder(places.snapshots);
  }

  /** A complete snapshot. */
  async findSnapshot(key: string, name: string): Promise<DiskSeen | undefined> {
    const places = this.places(key);
    const path = snapshotPath(places, name);
    const ours = (await readDiskMarker(places))?.installId === this.options.installId;
    return ours && (await exists(path)) ? { key, path, format: 'qcow2' } : undefined;
  }

  private places(key: string): Places {
    return placesOf(this.options.machinesDir, key);
  }

  private async isReady(places: Places): Promise<boolean> {
    const marker = await readDiskMarker(places);
    return marker?.installId === this.options.installId && marker.state === 'ready';
  }

  private async requireOff(key: string): Promise<void> {
    if ((await this.machines.lookAfter(key)) === undefined) return;
    throw new Failure({
      consequence: 'Busy',
      code: 'MachineOn',
      message: `the disk of ${key} cannot be used while its machine is on`,
    });
  }
}
