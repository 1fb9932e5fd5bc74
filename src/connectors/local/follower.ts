import type { Clock } from '../../core/clock.ts';
import { Failure, failureData, messageOf } from '../../core/failure.ts';
import { isObject } from '../../core/json.ts';
import type { Log } from '../../host/log.ts';
import type { Processes } from './process.ts';
import { Qmp } from './qmp.ts';
import { cutSerialLog } from './serial.ts';

/** A process to look after. */
export interface Running {
  readonly key: string;
  readonly uuid: string;
  readonly pid: number;
  readonly qmpSocket: string;
  readonly serialLog: string;
}

/** What a follower works with and reports to. */
export interface FollowerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly processes: Processes;
  /** The monitor answered: QEMU has come up. */
  readonly cameUp: (machine: Running) => void;
  /** It cannot write its disk, or can again. */
  readonly turned: (machine: Running) => void;
  readonly ended: (machine: Running) => void;
}

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;
/** How long a process may still be seen after it has closed its monitor. */
const ENDING_MS = 500;
/** How long somebody who asks for the state waits for a monitor that does not answer. */
const FIRST_LOOK_MS = 2_000;
/** A guest that writes as fast as it can fills some ten megabytes in this time. */
const CUT_EVERY_MS = 2_000;
/** How often a machine that the full disk of the host has paused tries to go on. */
const RESUME_EVERY_MS = 5_000;

const monitorBusy = (key: string): Failure =>
  new Failure({
    consequence: 'Busy',
    code: 'MonitorBusy',
    message: `the monitor of ${key} is held by somebody else`,
  });

/**
 * Looks after one QEMU process while it lives: keeps its monitor open, and ends the process as soon
 * as the guest has switched itself off, because until then the image stays locked.
 */
export class Follower {
  readonly pid: number;
  private readonly machine: Running;
  private readonly options: FollowerOptions;
  private readonly stopped = new AbortController();
  private readonly looked = Promise.withResolvers<void>();
  private monitor: Qmp | undefined;
  private paused = false;
  private resuming = false;

  constructor(machine: Running, options: FollowerOptions) {
    this.pid = machine.pid;
    this.machine = machine;
    this.options = options;
    this.follow().catch((error: unknown) => this.tellTrouble(error));
    this.watchSerialLog().catch((error: unknown) => this.tellTrouble(error));
  }

  /** Resolves when the state of the machine was read once: after it, a machine that is off is gone. */
  async firstLook(): Promise<void> {
    const inTime = new AbortController();
    const late = this.options.clock.sleep(FIRST_LOOK_MS, inTime.signal).catch(() => undefined);
    await Promise.race([this.looked.promise, late]);
    inTime.abort();
  }

  /** Presses the power button. */
  pressPowerButton(): Promise<void> {
    return this.command('system_powerdown');
  }

  /** True while the machine waits for room on the disk of the host. */
  get isOutOfRoom(): boolean {
    return this.resuming;
  }

  /** Goes on with a machine that a full disk of the host had paused. */
  async resume(): Promise<void> {
    if (this.paused) await this.command('cont');
  }

  /** Lets go of the machine, which goes on. */
  stop(): void {
    this.stopped.abort();
    this.monitor?.close();
    this.looked.resolve();
  }

  private async command(command: string): Promise<void> {
    const { key, pid, uuid } = this.machine;
    try {
      if (this.monitor === undefined) throw monitorBusy(key);
      await this.monitor.execute(command);
    } catch (error) {
      // The guest may switch itself off at this very moment; then there is nobody left to ask.
      if (await this.options.processes.endsWithin(ENDING_MS, pid, uuid)) return;
      throw error;
    }
  }

  private async follow(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.stopped.signal.aborted) {
      await this.listen();
      // A closed monitor is most often the end of the process, some milliseconds early; a process
      // that has just been started opens its monitor some milliseconds late.
      if (await this.endsWithin(pauseMs)) break;
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
    this.looked.resolve();
    if (this.stopped.signal.aborted) return;
    this.stopped.abort();
    this.options.ended(this.machine);
  }

  /** A process that cannot be looked at is taken to be there. */
  private async endsWithin(limitMs: number): Promise<boolean> {
    const { pid, uuid, key } = this.machine;
    const { processes, clock, log } = this.options;
    try {
      return await processes.endsWithin(limitMs, pid, uuid);
    } catch (error) {
      log.warn('a process cannot be looked at', { key, pid, cause: messageOf(error) });
      await clock.sleep(LONGEST_PAUSE_MS, this.stopped.signal).catch(() => undefined);
      return false;
    }
  }

  /** A guest must not fill the host through its serial line. */
  private async watchSerialLog(): Promise<void> {
    const { signal } = this.stopped;
    const { clock, log } = this.options;
    const { key, serialLog } = this.machine;
    while (!signal.aborted) {
      await cutSerialLog(serialLog).catch((error: unknown) => {
        log.warn('what a guest says cannot be cut', { key, cause: messageOf(error) });
      });
      await clock.sleep(CUT_EVERY_MS, signal).catch(() => undefined);
    }
  }

  private tellTrouble(error: unknown): void {
    const { code, message } = failureData(error);
    const { key } = this.machine;
    this.options.log.error('a machine is no longer followed', { key, code, message });
  }

  /** One connection to the monitor, from greeting to end. */
  private async listen(): Promise<void> {
    const { clock, log } = this.options;
    const { key, qmpSocket } = this.machine;
    try {
      this.monitor = await Qmp.open(qmpSocket, {
        clock,
        onEvent: ({ event, data }) => this.hear(event, data),
      });
      if (this.stopped.signal.aborted) return;
      // Whatever happened before we came is in the state, whatever happens from here on in events.
      const answer = await this.monitor.execute('query-status');
      this.options.cameUp(this.machine);
      const status = isObject(answer) ? answer['status'] : undefined;
      this.paused = status === 'io-error' || status === 'paused';
      if (status === 'io-error') this.waitForRoom();
      if (status === 'shutdown') await this.reap();
      this.looked.resolve();
      await this.monitor.ended;
    } catch (error) {
      log.debug('the monitor of a machine is not there', { key, cause: messageOf(error) });
    } finally {
      this.monitor?.close();
      this.monitor = undefined;
    }
  }

  private hear(event: string, data: Record<string, unknown>): void {
    const { key } = this.machine;
    if (event === 'SHUTDOWN' && data['guest'] === true) {
      this.reap().catch((error: unknown) => this.tellTrouble(error));
    } else if (event === 'BLOCK_IO_ERROR') {
      const action = String(data['action']);
      if (!this.resuming) this.options.log.warn('a machine cannot write its disk', { key, action });
      if (action !== 'stop') return;
      this.paused = true;
      this.waitForRoom();
    } else if (event === 'RESUME') {
      this.paused = false;
    }
  }

  /** QEMU has kept what the guest wanted to write: going on tries it again, which harms nothing. */
  private waitForRoom(): void {
    if (this.resuming) return;
    this.resuming = true;
    this.options.turned(this.machine);
    this.tryToGoOn().catch((error: unknown) => this.tellTrouble(error));
  }

  private async tryToGoOn(): Promise<void> {
    const { signal } = this.stopped;
    let wasPaused = true;
    // Until it was seen to run for a while: a disk that is still full pauses it again at once.
    while (wasPaused && !signal.aborted) {
      await this.resume().catch(() => undefined);
      await this.options.clock.sleep(RESUME_EVERY_MS, signal).catch(() => undefined);
      wasPaused = this.paused;
    }
    this.resuming = false;
    if (!signal.aborted) this.options.turned(this.machine);
  }

  /** Ends the process of a guest that is off; its end is what makes the machine be seen as off. */
  private async reap(): Promise<void> {
    const { key, pid, uuid } = this.machine;
    const { processes, log } = this.options;
    if (await processes.quit(pid, uuid)) return;
    log.warn('a machine that is off still writes its disk', { key });
  }
}
