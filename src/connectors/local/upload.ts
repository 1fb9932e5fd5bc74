import { randomBytes } from 'node:crypto';
import { link, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Failure, transient } from '../../core/failure.ts';
import { isFile, syncFile, syncFolder } from '../../host/files.ts';
import { readChain } from '../../images/chain.ts';
import { createOverlay } from '../../images/qemu-img.ts';
import type { DiskFile } from '../../images/source.ts';
import type { TransferOptions, UploadWanted } from '../connector.ts';
import { whileHeld } from './lock.ts';
import {
  attemptFolder,
  checkOwner,
  readDiskMarker,
  readMachineMarker,
  removeAttempts,
  writeMarker,
  type DiskMarker,
} from './markers.ts';
import { placesOf, type Places } from './places.ts';
import type { LocalOptions } from './settings.ts';

/** One attempt to put a disk under a key. */
interface Attempt {
  readonly places: Places;
  readonly disk: UploadWanted;
  readonly id: string;
  /** What it makes lies here until it is complete. */
  readonly folder: string;
}

async function requireFile(path: string): Promise<void> {
  if (await isFile(path)) return;
  throw transient('SourceMissing', `there is no file ${path} to make a disk from`);
}

function conflict(code: string, message: string): Failure {
  return new Failure({ consequence: 'Conflict', code, message });
}

function otherDisk(key: string): Failure {
  return new Failure({
    consequence: 'Conflict',
    code: 'OtherDisk',
    message: `the machine ${key} was made from another disk than the one to upload`,
    hint: 'Delete the machine first, or go back to the release that made it.',
  });
}

/** Whether the disk is there already: those of older releases do not say what they hold. */
function isThere(marker: DiskMarker | undefined, composition: string): boolean {
  return marker?.state === 'ready' && (marker.composition ?? composition) === composition;
}

/** Puts disks under keys by handing out their files: nothing is copied where links can be made. */
export class Uploads {
  private readonly options: LocalOptions;

  constructor(options: LocalOptions) {
    this.options = options;
  }

  /** See `Transfer.upload`. */
  async upload(key: string, disk: UploadWanted, options: TransferOptions): Promise<void> {
    const { signal, progress } = options;
    const places = placesOf(this.options.machinesDir, key);
    signal.throwIfAborted();
    await checkOwner(places, this.options.installId);
    if (isThere(await readDiskMarker(places), disk.composition)) return;
    await requireFile(disk.path);
    const id = randomBytes(6).toString('hex');
    const attempt = { places, disk, id, folder: attemptFolder(places, id) };
    if (!(await this.begin(attempt))) return;
    progress(10);
    try {
      await this.make(attempt, signal);
      progress(90);
      await this.complete(attempt);
    } catch (error) {
      await rm(attempt.folder, { recursive: true, force: true });
      // Whoever took over may have removed our files under our hands.
      await this.requireOwner(attempt);
      throw error;
    }
    progress(100);
  }

  /** Marks the disk as being filled by this attempt; false if it is there by now. */
  private begin(attempt: Attempt): Promise<boolean> {
    return whileHeld(this.options, attempt.places.key, () => this.markFilling(attempt));
  }

  private async markFilling({ places, disk, id }: Attempt): Promise<boolean> {
    const { installId, machinesDir } = this.options;
    const { key } = places;
    const marker = await readDiskMarker(places);
    if (isThere(marker, disk.composition)) return false;
    // Machines are made only of complete disks, so no upload was under way, whatever a marker that a
    // newer release wrote looks like to us.
    if ((await readMachineMarker(places)) !== undefined) throw otherDisk(key);
    await mkdir(places.folder, { recursive: true, mode: 0o700 });
    await syncFolder(machinesDir);
    const { composition } = disk;
    const filling = { installId, key, state: 'filling', attempt: id, composition } as const;
    await writeMarker(places.diskMarker, filling);
    return true;
  }

  private async make({ disk, folder }: Attempt, signal: AbortSignal): Promise<void> {
    const base = join(folder, 'base');
    await mkdir(base, { recursive: true, mode: 0o700 });
    const top = `disk.${disk.format}`;
    const { files } = readChain({ path: disk.path, format: disk.format }, [dirname(disk.path)]);
    for (const [depth, file] of files.entries()) {
      const name = depth === 0 ? top : basename(file.path);
      await this.handOut(file, join(base, name), signal);
    }
    // Each file of the chain must be found beside the one above it.
    readChain({ path: join(base, top), format: disk.format }, [base]);
    signal.throwIfAborted();
    await createOverlay(this.options.run, {
      path: join(folder, 'disk.qcow2'),
      backing: { path: join('base', top), format: disk.format },
      sizeBytes: disk.sizeBytes,
    });
    await syncFile(join(folder, 'disk.qcow2'));
    await syncFolder(base);
    await syncFolder(folder);
  }

  private async handOut(file: DiskFile, target: string, signal: AbortSignal): Promise<void> {
    try {
      await link(file.path, target);
    } catch {
      // Another file system, or one without links.
      const copy = ['--reflink=auto', '--sparse=always', '--', file.path, target];
      await this.options.run('cp', copy, { signal, timeoutMs: 0 });
    }
    await syncFile(target);
  }

  private async complete(attempt: Attempt): Promise<void> {
    await this.requireOwner(attempt);
    await whileHeld(this.options, attempt.places.key, () => this.putInPlace(attempt));
  }

  private async putInPlace(attempt: Attempt): Promise<void> {
    const { places, disk, id, folder } = attempt;
    const { installId } = this.options;
    const { key } = places;
    await this.requireOwner(attempt);
    await rm(places.disk, { force: true });
    await rm(places.base, { recursive: true, force: true });
    await rename(join(folder, 'base'), places.base);
    await rename(join(folder, 'disk.qcow2'), places.disk);
    await syncFolder(places.folder);
    const { composition } = disk;
    await writeMarker(places.diskMarker, {
      installId,
      key,
      state: 'ready',
      attempt: id,
      composition,
    });
    await removeAttempts(places);
  }

  private async requireOwner({ places, id }: Attempt): Promise<void> {
    const marker = await readDiskMarker(places);
    if (marker?.attempt === id && marker.state === 'filling') return;
    throw conflict('Superseded', `another upload of ${places.key} took over from this one`);
  }
}
