import { mkdir, rm } from 'node:fs/promises';
import { transient } from '../../core/failure.ts';
import type { Ended } from '../../host/detached.ts';
import type { MachineSeen, MachineWanted } from '../connector.ts';
import { launchArgs } from './launch.ts';
import {
  checkOwner,
  readDiskMarker,
  readLaunch,
  readMachineMarker,
  removeEmpty,
  writeMarker,
} from './markers.ts';
import { placesOf, socketsOf, uuidOf, type Places } from './places.ts';
import { findProcess, startFailure, terminate } from './process.ts';
import { Session } from './session.ts';
import { hardwareOf, type LocalOptions } from './settings.ts';

const START_LIMIT_MS = 60_000;
const START_LOOK_MS = 10;

/** The machines of one installation: their folders, their processes and who looks after those. */
export class Machines {
  private readonly options: LocalOptions;
  private readonly changed: (key: string) => void;
  private readonly sessions = new Map<string, Session>();

  constructor(options: LocalOptions, changed: (key: string) => void) {
    this.options = options;
    this.changed = changed;
    // Refuses a run directory that is too long before anything is made.
    socketsOf(options.runDir, uuidOf('', ''));
  }

  /** The machine under this key, if it is complete and ours. */
  async find(key: string): Promise<MachineSeen | undefined> {
    const places = this.places(key);
    const marker = await readMachineMarker(places);
    if (marker === undefined || marker.installId !== this.options.installId) return undefined;
    const running = await this.lookAfter(key);
    const launch = await readLaunch(places);
    return {
      key,
      power: running === undefined ? 'off' : 'on',
      ...(launch === undefined ? {} : { poweredOnAt: launch.poweredOnAt }),
      console:
        running === undefined || launch === undefined
          ? {}
          : { serialSocket: launch.serial, vncSocket: launch.vnc },
      location: `QEMU on this host, in the folder ${places.folder}.`,
    };
  }

  /** What the machine was made for; undefined when there is none. */
  async purposeOf(key: string): Promise<string | undefined> {
    return (await readMachineMarker(this.places(key)))?.purpose;
  }

  /** Makes a folder with a disk a machine. */
  async create(key: string, want: MachineWanted): Promise<void> {
    const places = this.places(key);
    const { installId } = this.options;
    await checkOwner(places, installId);
    if ((await readMachineMarker(places)) !== undefined) return;
    await this.requireDisk(key, places);
    const { displayName, purpose } = want;
    await writeMarker(places.machineMarker, { installId, key, displayName, purpose });
  }

  /** Starts the machine if it does not run, and waits until QEMU answers. */
  async powerOn(key: string, signal: AbortSignal): Promise<void> {
    const places = this.places(key);
    await checkOwner(places, this.options.installId);
    if ((await readMachineMarker(places)) === undefined) {
      throw transient('MachineMissing', `there is no machine ${key}`);
    }
    const running = await this.lookAfter(key);
    if (running !== undefined) return running.resume();
    await this.requireDisk(key, places);
    await this.launch(key, places, signal);
  }

  /** Presses the power button; no machine and a machine that is off are fine. */
  async pressPowerButton(key: string): Promise<void> {
    await checkOwner(this.places(key), this.options.installId);
    const running = await this.lookAfter(key);
    await running?.pressPowerButton();
  }

  /** Pulls the plug; no machine and a machine that is off are fine. */
  async powerOff(key: string): Promise<void> {
    const places = this.places(key);
    await checkOwner(places, this.options.installId);
    const { installId, clock } = this.options;
    const uuid = uuidOf(installId, key);
    const pid = await findProcess(places.pidFile, uuid, clock);
    if (pid !== undefined) await terminate(pid, uuid, clock);
  }

  /** Stops the machine and removes what makes it one. Its disk stays. */
  async delete(key: string): Promise<void> {
    await this.powerOff(key);
    this.sessions.get(key)?.stop();
    this.sessions.delete(key);
    const places = this.places(key);
    const launch = await readLaunch(places);
    const leftovers = [launch?.qmp, launch?.serial, launch?.vnc].filter(
      (path) => path !== undefined,
    );
    for (const path of [...leftovers, places.launch, places.pidFile, places.log]) {
      await rm(path, { force: true });
    }
    await rm(places.machineMarker, { force: true });
    await removeEmpty(places.folder);
  }

  /** The session of a machine that runs; undefined for one that is off, even if only just. */
  async lookAfter(key: string): Promise<Session | undefined> {
    const { installId, clock, log } = this.options;
    const places = this.places(key);
    const uuid = uuidOf(installId, key);
    const pid = await findProcess(places.pidFile, uuid, clock);
    if (pid === undefined) return undefined;
    let session = this.sessions.get(key);
    if (session?.pid !== pid) {
      session?.stop();
      const launch = await readLaunch(places);
      const qmpSocket = launch?.qmp ?? socketsOf(this.options.runDir, uuid).qmp;
      const { changed } = this;
      session = new Session({ key, uuid, pid, qmpSocket }, { clock, log, changed });
      this.sessions.set(key, session);
    }
    await session.firstLook();
    return (await findProcess(places.pidFile, uuid, clock)) === undefined ? undefined : session;
  }

  /** Lets go of all machines; they go on. */
  release(): void {
    for (const session of this.sessions.values()) session.stop();
    this.sessions.clear();
  }

  private places(key: string): Places {
    return placesOf(this.options.machinesDir, key);
  }

  private async requireDisk(key: string, places: Places): Promise<void> {
    if ((await readDiskMarker(places))?.state === 'ready') return;
    throw transient('DiskMissing', `the disk of ${key} is not complete`);
  }

  private async launch(key: string, places: Places, signal: AbortSignal): Promise<void> {
    const { installId, runDir, spec, clock, hypervisor } = this.options;
    const uuid = uuidOf(installId, key);
    const sockets = socketsOf(runDir, uuid);
    const { disk, pidFile, log } = places;
    const found = await hypervisor(signal);
    const plan = { key, uuid, disk, pidFile, sockets, hardware: hardwareOf(spec) };
    await mkdir(runDir, { recursive: true, mode: 0o700 });
    // Before the start: whoever adopts the process must find its sockets.
    await writeMarker(places.launch, { poweredOnAt: clock.now(), ...sockets });
    const args = launchArgs({ ...plan, hypervisor: found });
    const started = await this.options.start('qemu-system-x86_64', args, log);
    let end: Ended | undefined;
    void started.ended.then((how) => {
      end = how;
    });
    const until = clock.now() + START_LIMIT_MS;
    while ((await this.lookAfter(key)) === undefined) {
      // It ends well only when we end it, so the guest came up and is off already.
      if (end?.ok === true) return;
      if (end !== undefined) throw await startFailure(key, end.why, log);
      if (clock.now() > until) throw await startFailure(key, 'it did not come up', log);
      await clock.sleep(START_LOOK_MS, signal);
    }
  }
}
