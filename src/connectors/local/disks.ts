import { rm } from 'node:fs/promises';
import { Failure } from '../../core/failure.ts';
import { whileHeld, type HeldDisk } from './lock.ts';
import type { Machines } from './machines.ts';
import {
  checkOwner,
  readDiskMarker,
  readMachineMarker,
  removeAttempts,
  removeEmpty,
  removePartials,
  revisionsIn,
  writeMarker,
} from './markers.ts';
import { placesOf, snapshotPath, type Places } from './places.ts';
import type { LocalOptions } from './settings.ts';

/** Takes away the disks and publications of one installation; making them is a matter of jobs. */
export class Disks {
  private readonly options: LocalOptions;
  private readonly machines: Machines;

  constructor(options: LocalOptions, machines: Machines) {
    this.options = options;
    this.machines = machines;
  }

  /** Removes the disk and what is half-written. Publications stay, and with them our marker. */
  async delete(key: string): Promise<void> {
    const places = this.places(key);
    await checkOwner(places, this.options.installId);
    if ((await readDiskMarker(places)) === undefined) return removeEmpty(places.folder);
    await this.machines.requireOff(key);
    await whileHeld(this.options, key, (held) => this.remove(places, held));
  }

  private async remove(places: Places, held: HeldDisk): Promise<void> {
    if ((await readMachineMarker(places)) !== undefined) {
      throw new Failure({
        consequence: 'Busy',
        code: 'MachineHasDisk',
        message: `the machine ${places.key} still has its disk`,
        hint: 'Delete the machine first.',
      });
    }
    const marker = await readDiskMarker(places);
    if (marker !== undefined && marker.state !== 'deleting') {
      await writeMarker(places.diskMarker, { ...marker, state: 'deleting' });
    }
    await rm(places.disk, { force: true });
    await rm(places.base, { recursive: true, force: true });
    await removeAttempts(places);
    await removePartials(places);
    await this.leaveIfEmpty(places);
    await held.forget();
  }

  /** Removes one publication. */
  async unpublish(key: string, revision: string): Promise<void> {
    const places = this.places(key);
    const path = snapshotPath(places, revision);
    await checkOwner(places, this.options.installId);
    await rm(path, { force: true });
    if ((await readDiskMarker(places))?.state !== 'deleting') return;
    await whileHeld(this.options, key, async (held) => {
      // Somebody may have begun to fill it again.
      if ((await readDiskMarker(places))?.state !== 'deleting') return;
      await this.leaveIfEmpty(places);
      await held.forget();
    });
  }

  /** The marker goes last, because it is what says that the rest is ours. */
  private async leaveIfEmpty(places: Places): Promise<void> {
    if ((await revisionsIn(places)).length > 0) return;
    await rm(places.snapshots, { recursive: true, force: true });
    await rm(places.diskMarker, { force: true });
    await removeEmpty(places.folder);
  }

  private places(key: string): Places {
    return placesOf(this.options.machinesDir, key);
  }
}
