import type { Socket } from 'node:net';
import { messageOf, transient } from '../core/failure.ts';

/** Code of every failure of the connection to a disk server. */
export const SERVER_FAILED = 'DiskServerFailed';

interface Taker {
  readonly length: number;
  readonly resolve: (bytes: Buffer) => void;
  readonly reject: (error: unknown) => void;
}

/** Turns what comes in on a socket into pieces of wanted length. One taker at a time. */
export class ByteQueue {
  private chunks: Buffer[] = [];
  private size = 0;
  private taker: Taker | undefined;
  private ended: unknown;

  constructor(socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.size += chunk.length;
      this.serve();
    });
    socket.on('error', (error) => this.end(messageOf(error)));
    socket.on('close', () => this.end('closed'));
  }

  /** The next bytes, as soon as all of them are there. */
  take(length: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.taker = { length, resolve, reject };
      this.serve();
    });
  }

  private serve(): void {
    const { taker } = this;
    if (taker === undefined) return;
    if (this.size >= taker.length) {
      const all = Buffer.concat(this.chunks);
      this.chunks = [all.subarray(taker.length)];
      this.size -= taker.length;
      this.taker = undefined;
      taker.resolve(all.subarray(0, taker.length));
    } else if (this.ended !== undefined) {
      this.taker = undefined;
      taker.reject(this.ended);
    }
  }

  private end(why: string): void {
    this.ended ??= transient(SERVER_FAILED, `the connection to the disk server ended: ${why}`);
    this.serve();
  }
}
