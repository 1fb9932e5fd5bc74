import { messageOf } from '../../core/failure.ts';
import { isFile } from '../../host/files.ts';
import type { DiskSeen, MachineSeen, PublicationSeen, Seen, Things } from '../connector.ts';
import { Copies } from './copies.ts';
import { lastBoot, tracesOf } from './machines.ts';
import {
  isOurs,
  readDiskMarker,
  readMachineMarker,
  revisionsIn,
  type DiskMarker,
} from './markers.ts';
import { isName, placesOf, snapshotPath, type Places } from './places.ts';
import { Processes, type Traces } from './process.ts';
import { heardAt } from './serial.ts';
import type { LocalOptions } from './settings.ts';

/** Told of a process that was seen; says what only its monitor knows. */
export type SawProcess = (
  places: Places,
  pid: number,
  traces: Traces,
) => { readonly isOutOfRoom: boolean } | undefined;

/** In one sentence, where a machine is. */
export function whereIs(places: Places): string {
  return `QEMU on this host, in the folder ${places.folder}.`;
}

/** A recorded time that is so far from the truth is of a clock that was set since. */
const CLOCK_SET_MS = 60_000;
const OUT_OF_ROOM =
  'It is paused because the file system of that folder is full: free space there, and it goes on by itself.';

/**
 * What there is, read from the files: they are this platform's own record, so there is no picture
 * that could be stale. No monitor is asked and nothing is waited for.
 */
export class Sight {
  private readonly options: LocalOptions;
  private readonly sawProcess: SawProcess;
  private readonly processes: Processes;
  private readonly copies: Copies;
  /** The last trouble with each name, so that it is logged once. */
  private readonly troubles = new Map<string, string>();

  constructor(options: LocalOptions, sawProcess: SawProcess) {
    this.options = options;
    this.sawProcess = sawProcess;
    this.processes = new Processes(options.clock);
    this.copies = new Copies(options);
  }

  /** See `Connector.view`. */
  async view(key: string): Promise<Seen> {
    try {
      const things = await this.look(key);
      this.troubles.delete(key);
      return { known: true, things };
    } catch (error) {
      return { known: false, why: this.tell(key, error) };
    }
  }

  /** See `Connector.keys`. */
  async keys(): Promise<readonly string[] | undefined> {
    try {
      const keys: string[] = [];
      for (const name of await this.copies.all()) if (await this.isKey(name)) keys.push(name);
      return keys;
    } catch (error) {
      this.tell(this.options.machinesDir, error);
      return undefined;
    }
  }

  /** What cannot be read may be ours, so its key counts; it must not hide what is under others. */
  private async isKey(name: string): Promise<boolean> {
    try {
      return await this.copies.isOwn(name);
    } catch (error) {
      this.tell(name, error);
      return isName(name);
    }
  }

  private tell(name: string, error: unknown): string {
    const why = messageOf(error);
    if (this.troubles.get(name) !== why) {
      this.options.log.warn('what is under a key cannot be read', { key: name, cause: why });
    }
    this.troubles.set(name, why);
    return why;
  }

  private async look(key: string): Promise<Things> {
    const { machinesDir, installId } = this.options;
    const places = placesOf(machinesDir, key);
    const disk = await readDiskMarker(places);
    const ours = isOurs(disk, places, installId);
    const machine = isOurs(await readMachineMarker(places), places, installId);
    return {
      machines: machine ? [await this.machine(places)] : [],
      disks: ours && disk !== undefined ? await this.disks(places, disk) : [],
      publications: ours ? await this.publications(places) : [],
      copies: await this.copies.of(key),
    };
  }

  private async machine(places: Places): Promise<MachineSeen> {
    const traces = await tracesOf(places, this.options.installId);
    const pid = await this.processes.look(traces);
    const running = pid === undefined ? undefined : this.sawProcess(places, pid, traces);
    const boot = await lastBoot(traces, pid);
    const heard = boot === undefined ? undefined : await heardAt(places.serialLog, boot);
    const socket = pid === undefined ? undefined : traces.launch?.serial;
    return {
      id: traces.uuid,
      power: pid === undefined ? 'off' : 'on',
      ...(boot === undefined ? {} : { boot: String(boot), bootedAt: await this.since(boot, pid) }),
      ...(heard === undefined ? {} : { heardAt: heard }),
      text: running?.isOutOfRoom === true ? `${whereIs(places)} ${OUT_OF_ROOM}` : whereIs(places),
      ...(socket === undefined ? {} : { serialSocket: socket }),
    };
  }

  /** When a boot began, by the clock as it is set now: one that somebody set since makes nothing older. */
  private async since(boot: number, pid: number | undefined): Promise<number> {
    const ageMs = pid === undefined ? undefined : await this.processes.ageMs(pid);
    if (ageMs === undefined) return boot;
    const began = Math.round(this.options.clock.now() - ageMs);
    // What was recorded is as good, and does not differ from look to look.
    return Math.abs(began - boot) < CLOCK_SET_MS ? boot : began;
  }

  private async disks(places: Places, marker: DiskMarker): Promise<readonly DiskSeen[]> {
    const { state, attempt, composition } = marker;
    // Only its publications keep the marker of a disk that is gone.
    const gone = state === 'deleting' && !(await isFile(places.disk));
    if (gone && (await revisionsIn(places)).length > 0) return [];
    return [
      {
        id: attempt ?? places.disk,
        state: state === 'ready' ? 'ready' : 'filling',
        ...(composition === undefined ? {} : { composition }),
      },
    ];
  }

  private async publications(places: Places): Promise<readonly PublicationSeen[]> {
    return (await revisionsIn(places)).map((revision) => {
      const path = snapshotPath(places, revision);
      return { id: path, revision, text: `The file ${path} on this host.`, path };
    });
  }
}
