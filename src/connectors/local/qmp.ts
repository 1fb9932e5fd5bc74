import { connect, type Socket } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { Failure, messageOf, transient } from '../../core/failure.ts';
import { isObject, type JsonObject } from '../../core/json.ts';

/** Something that happened in a machine. */
export interface QmpEvent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** How a monitor is opened. */
export interface QmpOptions {
  readonly clock: Clock;
  readonly onEvent: (event: QmpEvent) => void;
  /** Longest wait for the greeting and for each answer; 5 s by default. */
  readonly timeoutMs?: number;
}

const LONGEST_LINE_BYTES = 2 ** 20;

const lost = (message: string): Failure =>
  new Failure({ consequence: 'Lost', code: 'MonitorLost', message });

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Failure) => void;
}

/** A connection to the monitor of one QEMU. */
export class Qmp {
  /** Resolves when the connection is gone, for whatever reason. */
  readonly ended: Promise<void>;
  private readonly socket: Socket;
  private readonly options: QmpOptions;
  private readonly waiting = new Map<number | 'greeting', Waiting>();
  private lastId = 0;
  private rest: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket, options: QmpOptions) {
    this.socket = socket;
    this.options = options;
    let why = 'the machine closed its monitor';
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('error', (error) => {
      why = messageOf(error);
    });
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        for (const { reject } of this.waiting.values()) reject(lost(why));
        this.waiting.clear();
        resolve();
      });
    });
  }

  /** Connects and negotiates. A monitor that another client holds gives no greeting: Busy. */
  static async open(path: string, options: QmpOptions): Promise<Qmp> {
    const monitor = new Qmp(connect(path), options);
    try {
      await monitor.answer('greeting');
      await monitor.execute('qmp_capabilities');
      return monitor;
    } catch (error) {
      monitor.close();
      throw error;
    }
  }

  /** Runs a command and gives what it returned. */
  execute(command: string, args?: JsonObject): Promise<unknown> {
    this.lastId += 1;
    const id = this.lastId;
    const answer = this.answer(id, command);
    const request = { execute: command, id, ...(args === undefined ? {} : { arguments: args }) };
    // A broken connection is told by the answer that never comes.
    this.socket.write(`${JSON.stringify(request)}\n`, () => undefined);
    return answer;
  }

  /** Drops the connection; the machine does not care. */
  close(): void {
    this.socket.destroy();
  }

  private async answer(id: number | 'greeting', command = 'connecting'): Promise<unknown> {
    const { clock, timeoutMs = 5_000 } = this.options;
    if (this.socket.destroyed) throw lost('the monitor is closed');
    const inTime = new AbortController();
    const late = clock.sleep(timeoutMs, inTime.signal).then(() => {
      const message = `the monitor did not answer ${command} within ${timeoutMs} ms`;
      throw new Failure({ consequence: 'Busy', code: 'MonitorBusy', message });
    });
    const answered = new Promise<unknown>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
    });
    // Whoever loses the race is not listened to any more.
    late.catch(() => undefined);
    try {
      return await Promise.race([answered, late]);
    } finally {
      this.waiting.delete(id);
      inTime.abort();
    }
  }

  private take(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    let end = this.rest.indexOf(0x0a);
    while (end >= 0) {
      this.handle(this.rest.subarray(0, end).toString('utf8'));
      this.rest = this.rest.subarray(end + 1);
      end = this.rest.indexOf(0x0a);
    }
    if (this.rest.length > LONGEST_LINE_BYTES) {
      this.socket.destroy(new Error(`a line of more than ${LONGEST_LINE_BYTES} bytes`));
    }
  }

  private handle(line: string): void {
    if (line.trim() === '') return;
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.socket.destroy(new Error('a line that is not JSON'));
      return;
    }
    if (!isObject(message)) return;
    const { event, data, id, error } = message;
    if (typeof event === 'string') {
      this.options.onEvent({ event, data: isObject(data) ? data : {} });
    } else if ('QMP' in message) {
      this.waiting.get('greeting')?.resolve(undefined);
    } else if (typeof id === 'number' && isObject(error)) {
      const words = `the machine refused: ${String(error['desc'])}`;
      this.waiting.get(id)?.reject(transient('MonitorRefused', words));
    } else if (typeof id === 'number') {
      this.waiting.get(id)?.resolve(message['return']);
    }
  }
}
