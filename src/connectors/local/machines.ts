import { mkdir, rm, writeFile } from 'node:fs/promises';
import { Failure, messageOf, transient } from '../../core/failure.ts';
import type { Ended } from '../../host/detached.ts';
import type { MachineWanted } from '../connector.ts';
import { Follower, type Running } from './follower.ts';
import { launchArgs } from './launch.ts';
import { whileHeld, type Queues } from './lock.ts';
import {
  checkOwner,
  readDiskMarker,
  readLaunch,
  readMachineMarker,
  removeEmpty,
  writeMarker,
  type LaunchMarker,
} from './markers.ts';
import { placesOf, socketsOf, uuidOf, type Places } from './places.ts';
import { hasPidFile, Processes, startFailure, type Traces } from './process.ts';
import type { Hardware, LocalOptions } from './settings.ts';

const START_LIMIT_MS = 60_000;
const START_LOOK_MS = 10;

/** How a machine is switched on. */
export interface PowerOn {
  readonly after: string | undefined;
  readonly hardware: Hardware;
}

/** What leads to the process of a machine. */
export async function tracesOf(places: Places, installId: string): Promise<Traces> {
  const uuid = uuidOf(installId, places.key);
  return { uuid, pidFile: places.pidFile, launch: await readLaunch(places) };
}

/**
 * When the last boot began; undefined before the first. A record that was written before the start
 * counts only if there is a trace of QEMU itself.
 */
export async function lastBoot(
  traces: Traces,
  pid: number | undefined,
): Promise<number | undefined> {
  const { launch, pidFile } = traces;
  if (launch === undefined) return undefined;
  const began = launch.state === 'started' || pid !== undefined || (await hasPidFile(pidFile));
  return began ? launch.poweredOnAt : launch.before;
}

/** The machines of one installation: their folders, their processes and who follows those. */
export class Machines {
  private readonly options: LocalOptions;
  private readonly queues: Queues;
  private readonly changed: (key: string) => void;
  private readonly processes: Processes;
  private readonly followers = new Map<string, Follower>();
  private released = false;

  constructor(options: LocalOptions, queues: Queues, changed: (key: string) => void) {
    this.options = options;
    this.queues = queues;
    this.changed = changed;
    this.processes = new Processes(options.clock);
    // Refuses a run directory that is too long before anything is made.
    socketsOf(options.runDir, uuidOf('', ''));
  }

  /** Makes a folder with a disk a machine. */
  async create(key: string, want: MachineWanted): Promise<void> {
    const places = this.places(key);
    const { installId } = this.options;
    await checkOwner(places, installId);
    if ((await readMachineMarker(places)) !== undefined) return;
    await this.requireDisk(places);
    // Nobody replaces the disk while it gets its machine.
    await whileHeld(this.options, key, async () => {
      await this.requireDisk(places);
      const { displayName, purpose } = want;
      await writeMarker(places.machineMarker, { installId, key, displayName, purpose });
    });
    this.changed(key);
  }

  /** Starts the machine if `after` is still its last boot, and waits until QEMU answers. */
  async powerOn(key: string, wanted: PowerOn, signal: AbortSignal): Promise<void> {
    const places = this.places(key);
    const { installId } = this.options;
    await checkOwner(places, installId);
    if ((await readMachineMarker(places)) === undefined) {
      throw transient('MachineMissing', `there is no machine ${key}`);
    }
    const running = await this.lookAfter(places);
    if (running !== undefined) return running.resume();
    await whileHeld(this.options, key, async () => {
      const boot = await lastBoot(await tracesOf(places, installId), undefined);
      if (wanted.after !== (boot === undefined ? undefined : String(boot))) return;
      await this.requireDisk(places);
      await this.launch(places, { hardware: wanted.hardware, before: boot }, signal);
      this.changed(key);
    });
  }

  /** Presses the power button; no machine and a machine that is off are fine. */
  async pressPowerButton(key: string): Promise<void> {
    const places = this.places(key);
    await checkOwner(places, this.options.installId);
    const running = await this.lookAfter(places);
    await running?.pressPowerButton();
  }

  /** Pulls the plug; no machine and a machine that is off are fine. */
  async powerOff(key: string): Promise<void> {
    const places = this.places(key);
    await checkOwner(places, this.options.installId);
    const traces = await tracesOf(places, this.options.installId);
    const pid = await this.processes.find(traces);
    if (pid === undefined) return;
    await this.noteStarted(places, pid);
    await this.processes.terminate(pid, traces.uuid);
    this.changed(key);
  }

  /** Stops the machine and removes what makes it one. Its disk stays. */
  async delete(key: string): Promise<void> {
    await this.powerOff(key);
    this.followers.get(key)?.stop();
    this.followers.delete(key);
    const places = this.places(key);
    const launch = await readLaunch(places);
    const sockets = [launch?.qmp, launch?.serial, launch?.vnc].filter((path) => path !== undefined);
    const { launch: record, pidFile, log, serialLog } = places;
    for (const path of [...sockets, record, pidFile, log, serialLog]) {
      await rm(path, { force: true });
    }
    await rm(places.machineMarker, { force: true });
    await removeEmpty(places.folder);
    this.changed(key);
  }

  /** Refuses what needs a disk that nobody writes. */
  async requireOff(key: string): Promise<void> {
    if ((await this.lookAfter(this.places(key))) === undefined) return;
    throw new Failure({
      consequence: 'Busy',
      code: 'MachineOn',
      message: `the disk of ${key} cannot be used while its machine is on`,
    });
  }

  /** Follows a process from now on, if nobody does; waits for nothing. */
  follow(places: Places, pid: number, { uuid, launch }: Traces): Follower | undefined {
    const { key, serialLog } = places;
    if (this.released) return undefined;
    const known = this.followers.get(key);
    if (known?.pid === pid) return known;
    known?.stop();
    const { clock, log, runDir } = this.options;
    const qmpSocket = launch?.qmp ?? socketsOf(runDir, uuid).qmp;
    const follower = new Follower(
      { key, uuid, pid, qmpSocket, serialLog },
      {
        clock,
        log,
        processes: this.processes,
        cameUp: (machine) => this.noteCameUp(machine),
        turned: () => this.changed(key),
        ended: () => {
          if (this.followers.get(key) === follower) this.followers.delete(key);
          this.changed(key);
        },
      },
    );
    this.followers.set(key, follower);
    return follower;
  }

  /** Lets go of all machines; they go on. */
  release(): void {
    this.released = true;
    for (const follower of this.followers.values()) follower.stop();
    this.followers.clear();
  }

  private places(key: string): Places {
    return placesOf(this.options.machinesDir, key);
  }

  /** The follower of a machine that runs; undefined for one that is off, even if only just. */
  private async lookAfter(places: Places): Promise<Follower | undefined> {
    const traces = await tracesOf(places, this.options.installId);
    const pid = await this.processes.find(traces);
    if (pid === undefined) return undefined;
    const follower = this.follow(places, pid, traces);
    if (follower === undefined) throw transient('SessionClosed', 'the connector was closed');
    await follower.firstLook();
    return (await this.processes.find(traces)) === undefined ? undefined : follower;
  }

  private async requireDisk(places: Places): Promise<void> {
    if ((await readDiskMarker(places))?.state === 'ready') return;
    throw transient('DiskMissing', `the disk of ${places.key} is not complete`);
  }

  /** After a crash of the controller the record still says that the start was only tried. */
  private noteCameUp({ key, pid }: Running): void {
    this.queues
      .run(key, async () => {
        // It may have ended, and another one started, before our turn came.
        if (this.followers.get(key)?.pid === pid) await this.noteStarted(this.places(key), pid);
      })
      .catch((error: unknown) => {
        const cause = messageOf(error);
        this.options.log.warn('a start could not be recorded', { key, cause });
      });
  }

  private async noteStarted(places: Places, pid: number): Promise<void> {
    const launch = await readLaunch(places);
    if (launch === undefined || launch.pid === pid) return;
    await writeMarker(places.launch, { ...launch, state: 'started', pid });
  }

  /** Says that a start is tried, before it is: whoever adopts the process must find its sockets. */
  private async recordStart(places: Places, before: number | undefined): Promise<LaunchMarker> {
    const { installId, runDir, clock } = this.options;
    const launch = {
      // Boots are told apart by it, also when the clock is set back.
      poweredOnAt: Math.max(clock.now(), (before ?? 0) + 1),
      ...socketsOf(runDir, uuidOf(installId, places.key)),
      state: 'starting',
      ...(before === undefined ? {} : { before }),
    } as const;
    // That of an earlier crash would say that this start had succeeded.
    await rm(places.pidFile, { force: true });
    await writeMarker(places.launch, launch);
    await writeFile(places.serialLog, '', { mode: 0o600 });
    return launch;
  }

  private async launch(
    places: Places,
    { hardware, before }: { readonly hardware: Hardware; readonly before: number | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    const { installId, runDir, clock, start } = this.options;
    const { key, disk, pidFile, log, serialLog } = places;
    const hypervisor = await this.options.hypervisor(signal);
    await mkdir(runDir, { recursive: true, mode: 0o700 });
    const sockets = await this.recordStart(places, before);
    const plan = { key, uuid: uuidOf(installId, key), disk, pidFile, serialLog, sockets, hardware };
    const started = await start('qemu-system-x86_64', launchArgs({ ...plan, hypervisor }), log);
    let end: Ended | undefined;
    void started.ended.then((how) => {
      end = how;
    });
    const until = clock.elapsed() + START_LIMIT_MS;
    for (;;) {
      const running = await this.lookAfter(places);
      if (running !== undefined) return this.noteStarted(places, running.pid);
      // It ends well only when we end it, so the guest came up and is off already.
      if (end?.ok === true) return this.noteEndedAtOnce(places);
      if (end !== undefined) throw await startFailure(key, end.why, log);
      if (clock.elapsed() > until) throw await startFailure(key, 'it did not come up', log);
      await clock.sleep(START_LOOK_MS, signal);
    }
  }

  private async noteEndedAtOnce(places: Places): Promise<void> {
    const launch = await readLaunch(places);
    if (launch === undefined || launch.state === 'started') return;
    await writeMarker(places.launch, { ...launch, state: 'started' });
  }
}
