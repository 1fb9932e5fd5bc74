import type { Clock } from '../../core/clock.ts';
import { Failure, failureData, messageOf } from '../../core/failure.ts';
import { isObject } from '../../core/json.ts';
import type { Log } from '../../host/log.ts';
import { endsWithin, quit } from './process.ts';
import { Qmp } from './qmp.ts';

/** A process to look after. */
export interface Running {
  readonly key: string;
  readonly uuid: string;
  readonly pid: number;
  readonly qmpSocket: string;
}

/** What a session reports to. */
export interface SessionOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly changed: (key: string) => void;
}

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;
/** How long a process may still be seen after it has closed its monitor. */
const ENDING_MS = 500;
/** How long somebody who asks for the state waits for a monitor that does not answer. */
const FIRST_LOOK_MS = 2_000;

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
export class Session {
  readonly pid: number;
  private readonly machine: Running;
  private readonly options: SessionOptions;
  private readonly stopped = new AbortController();
  private readonly looked = Promise.withResolvers<void>();
  private monitor: Qmp | undefined;
  private paused = false;

  constructor(machine: Running, options: SessionOptions) {
    this.pid = machine.pid;
    this.machine = machine;
    this.options = options;
    this.follow().catch((error: unknown) => {
      const { code, message } = failureData(error);
      options.log.error('a machine is no longer followed', { key: machine.key, code, message });
    });
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
      if (await endsWithin(ENDING_MS, pid, uuid, this.options.clock)) return;
      throw error;
    }
  }

  private async follow(): Promise<void> {
    const { key, pid, uuid } = this.machine;
    const { clock, changed } = this.options;
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.stopped.signal.aborted) {
      await this.listen();
      // A closed monitor is most often the end of the process, some milliseconds early; a process
      // that has just been started opens its monitor some milliseconds late.
      if (await endsWithin(pauseMs, pid, uuid, clock)) break;
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
    this.looked.resolve();
    if (!this.stopped.signal.aborted) changed(key);
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
      // Whatever happened before we came is in the state, whatever happens from here on in events.
      const answer = await this.monitor.execute('query-status');
      const status = isObject(answer) ? answer['status'] : undefined;
      this.paused = status === 'io-error' || status === 'paused';
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
      void this.reap();
    } else if (event === 'BLOCK_IO_ERROR') {
      const action = String(data['action']);
      this.options.log.warn('a machine cannot write its disk', { key, action });
      if (action === 'stop') this.paused = true;
    } else if (event === 'RESUME') {
      this.paused = false;
    }
  }

  /** Ends the process of a guest that is off; its end is what makes the machine be seen as off. */
  private async reap(): Promise<void> {
    const { key, pid, uuid } = this.machine;
    const { clock, log } = this.options;
    if (await quit(pid, uuid, clock)) return;
    log.warn('a machine that is off still writes its disk', { key });
  }
}
