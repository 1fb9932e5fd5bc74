import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../src/core/failure.ts';
import { PATIENCE_MS } from './until.ts';

/** What a command in a guest left. */
export interface GuestResult {
  readonly code: number;
  /** Standard output and standard error, with plain line ends. */
  readonly output: string;
}

const PROMPT = /[#$] $/;
const MOST_KEPT = 2 ** 22;
/** Colours and questions about the cursor that a shell sends to a terminal. */
// oxlint-disable-next-line no-control-regex
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g;

async function connected(path: string, untilMs: number): Promise<Socket> {
  for (;;) {
    const socket = connect(path);
    const error = await new Promise<unknown>((resolve) => {
      socket.once('connect', () => resolve(undefined));
      socket.once('error', resolve);
    });
    if (error === undefined) return socket;
    if (Date.now() > untilMs) throw new Error(`${path} does not open: ${messageOf(error)}`);
    await delay(10);
  }
}

/** A shell on the serial line of a guest. */
export class SerialConsole {
  private readonly socket: Socket;
  private text = '';
  private closed = false;
  private wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      this.text = (this.text + chunk.replaceAll('\r', '')).slice(-MOST_KEPT);
      this.wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  /** Connects, and waits until a shell shows its prompt. */
  static async open(path: string): Promise<SerialConsole> {
    const until = Date.now() + PATIENCE_MS;
    const line = new SerialConsole(await connected(path, until));
    // A shell that showed its prompt before we came shows it again.
    line.socket.write('\n');
    await line.waitFor((text) => (PROMPT.test(text) ? true : undefined), until, 'a prompt');
    return line;
  }

  /** Runs a line of shell in the guest. */
  async sh(command: string): Promise<GuestResult> {
    const mark = randomBytes(6).toString('hex');
    // The shell echoes what it is sent: the marks are put together only when it runs them.
    const [a, b] = [mark.slice(0, 6), mark.slice(6)];
    const quoted = command.replaceAll("'", String.raw`'\''`);
    this.text = '';
    this.socket.write(`echo "${a}""${b}<"; eval '${quoted}'; echo ">${a}""${b}:$?:"\n`);
    const answer = new RegExp(`${mark}<\\n([^]*)>${mark}:(\\d+):\\n`);
    const match = await this.waitFor(
      (text) => answer.exec(text) ?? undefined,
      Date.now() + PATIENCE_MS,
      command,
    );
    return { code: Number(match[2]), output: match[1] ?? '' };
  }

  /** Asks the guest to switch itself off; whoever watches the machine sees when it has. */
  powerOff(): void {
    this.socket.write('poweroff\n');
  }

  /** Drops the line. */
  close(): void {
    this.socket.destroy();
  }

  private async waitFor<Found>(
    look: (text: string) => Found | undefined,
    until: number,
    what: string,
  ): Promise<Found> {
    for (;;) {
      const found = look(this.text.replaceAll(ESCAPES, ''));
      if (found !== undefined) return found;
      const left = until - Date.now();
      if (left <= 0 || this.closed) {
        const how = this.closed ? 'the line was closed' : 'time is up';
        throw new Error(`${how} while waiting for ${what}; last: ${this.text.slice(-800)}`);
      }
      const expired = new AbortController();
      const news = new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      await Promise.race([
        news,
        delay(left, undefined, { signal: expired.signal }).catch(() => undefined),
      ]);
      expired.abort();
    }
  }
}
