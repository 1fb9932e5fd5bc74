import { impossible, messageOf } from '../../core/failure.ts';
import { withRoom } from '../../host/room.ts';
import type { Description } from '../connector.ts';
import { foldersIn } from './copies.ts';
import { Disks } from './disks.ts';
import { Machines } from './machines.ts';
import { isOurs, readMachineMarker } from './markers.ts';
import { isName, placesOf } from './places.ts';
import { Queues } from './lock.ts';
import { lastLines } from './serial.ts';
import type { LocalOptions } from './settings.ts';
import { Sight, whereIs } from './sight.ts';

/**
 * What is open to the machines folder. QEMU has one monitor, so there is one of these in a process,
 * whatever number of configurations lead to it.
 */
export class LocalHost {
  readonly options: LocalOptions;
  readonly machines: Machines;
  readonly disks: Disks;
  readonly sight: Sight;
  private readonly queues = new Queues();
  private readonly watchers = new Set<(key: string) => void>();

  constructor(options: LocalOptions) {
    this.options = options;
    this.machines = new Machines(options, this.queues, (key) => this.tell(key));
    this.disks = new Disks(options, this.machines);
    this.sight = new Sight(options, (places, pid, traces) =>
      this.machines.follow(places, pid, traces),
    );
    this.adopt().catch((error: unknown) => {
      options.log.warn('machines could not be looked for', { cause: messageOf(error) });
    });
  }

  /** Runs a verb after those that came before under its key; one whose time is over does nothing. */
  change(key: string, signal: AbortSignal, work: () => Promise<void>): Promise<{ done: true }> {
    const { machinesDir, runDir } = this.options;
    return this.queues.run(key, async () => {
      signal.throwIfAborted();
      await withRoom([machinesDir, runDir], work);
      return { done: true };
    });
  }

  /** Calls back with the key of whatever changed; returns how to stop. */
  watch(changed: (key: string) => void): () => void {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  }

  /** Tells that something under a key may have changed. */
  tell(key: string): void {
    for (const changed of this.watchers) changed(key);
  }

  /** See `Connector.describe`. */
  async describe(key: string): Promise<Description> {
    const places = placesOf(this.options.machinesDir, key);
    const marker = await readMachineMarker(places);
    if (!isOurs(marker, places, this.options.installId)) {
      return { text: `There is no machine in ${places.folder}.`, lastLines: [] };
    }
    return { text: whereIs(places), lastLines: await lastLines(places.serialLog) };
  }

  /** Machines go on. */
  close(): void {
    this.watchers.clear();
    this.machines.release();
  }

  /** Follows what an earlier controller has left running: to see a machine is to follow it. */
  private async adopt(): Promise<void> {
    const names = await foldersIn(this.options.machinesDir);
    await Promise.all(names.filter(isName).map((name) => this.sight.view(name)));
  }
}

/** The failure of a verb that is a job on this platform. */
export function publishedByJob(key: string): Error {
  return impossible(
    'NotSupported',
    `${key} is published by copying its disk, which is a job`,
    'Run the copy job.',
  );
}
