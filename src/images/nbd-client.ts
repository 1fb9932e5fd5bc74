import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { messageOf, transient } from '../core/failure.ts';
import { ByteQueue, SERVER_FAILED } from './byte-queue.ts';

const OPTION_MAGIC = Buffer.from('IHAVEOPT', 'latin1');
const GREETING = Buffer.from('NBDMAGIC', 'latin1');
const FIXED_NEWSTYLE = 1;
const NO_ZEROES = 2;
const OPTION_GO = 7;
const REPLY_ACK = 1;
const REPLY_INFO = 3;
const REQUEST_MAGIC = 0x25609513;
const REPLY_MAGIC = 0x67446698;

const WRITE = 1;
const DISCONNECT = 2;
const FLUSH = 3;
const CAN_FLUSH = 4;
/** The number of ENOSPC, in the protocol as on Linux. */
const NO_SPACE = 28;
const CONNECT_ATTEMPTS = 1000;

function broken(message: string): Error {
  return transient(SERVER_FAILED, `the disk server ${message}`);
}

/** A full disk is told as the system tells it, so that whoever knows the place can say where. */
function refusal(error: number): Error {
  if (error !== NO_SPACE) return broken(`refused a request with error ${error}`);
  return Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
}

async function greet(socket: Socket, input: ByteQueue): Promise<void> {
  const hello = await input.take(18);
  const fixed = hello.readUInt16BE(16) & FIXED_NEWSTYLE;
  if (!hello.subarray(0, 8).equals(GREETING) || !hello.subarray(8, 16).equals(OPTION_MAGIC)) {
    throw broken('speaks no NBD');
  }
  if (fixed === 0) throw broken('does not speak fixed newstyle NBD');
  const flags = Buffer.alloc(4);
  flags.writeUInt32BE(FIXED_NEWSTYLE | (hello.readUInt16BE(16) & NO_ZEROES));
  socket.write(flags);
}

/** Opens the export without a name; answers its size and what it can do. */
async function choose(socket: Socket, input: ByteQueue): Promise<{ size: bigint; flags: number }> {
  const request = Buffer.alloc(22);
  OPTION_MAGIC.copy(request);
  request.writeUInt32BE(OPTION_GO, 8);
  request.writeUInt32BE(6, 12);
  socket.write(request);
  let size = 0n;
  let flags = 0;
  for (;;) {
    const head = await input.take(20);
    const type = head.readUInt32BE(12);
    const length = head.readUInt32BE(16);
    if (length > 65536) throw broken('sent an absurd reply');
    const data = await input.take(length);
    if (type === REPLY_ACK) return { size, flags };
    if (type !== REPLY_INFO) throw broken(`refused the export: ${data.toString('utf8')}`);
    if (length >= 12 && data.readUInt16BE(0) === 0) {
      size = data.readBigUInt64BE(2);
      flags = data.readUInt16BE(10);
    }
  }
}

/** The socket file is there a moment before the server listens, so a refusal is tried again. */
async function connected(path: string): Promise<Socket> {
  for (let attempt = 1; ; attempt += 1) {
    const socket = connect(path);
    try {
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      socket.destroy();
      if (attempt >= CONNECT_ATTEMPTS) throw broken(`does not answer: ${messageOf(error)}`);
    }
  }
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A connection to a disk server: writes may overlap, each resolves when the server has taken it. */
export class NbdClient {
  readonly sizeBytes: number;
  private readonly socket: Socket;
  private readonly canFlush: boolean;
  private readonly waiting = new Map<bigint, Waiting>();
  private cookie = 0n;

  private constructor(socket: Socket, sizeBytes: number, canFlush: boolean) {
    this.socket = socket;
    this.sizeBytes = sizeBytes;
    this.canFlush = canFlush;
  }

  /** Connects to a unix socket on which a server listens. */
  static async open(path: string): Promise<NbdClient> {
    const socket = await connected(path);
    const input = new ByteQueue(socket);
    try {
      await greet(socket, input);
      const { size, flags } = await choose(socket, input);
      const client = new NbdClient(socket, Number(size), (flags & CAN_FLUSH) !== 0);
      void client.receive(input);
      return client;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  /** Writes bytes at a position; durable only after `flush`. */
  write(start: number, bytes: Uint8Array): Promise<void> {
    return this.request(WRITE, start, bytes);
  }

  /** Resolves when everything that was written before is on stable storage. */
  async flush(): Promise<void> {
    if (this.canFlush) await this.request(FLUSH, 0, new Uint8Array(0));
  }

  /** Says goodbye; the server ends after its only client. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.socket.closed) return resolve();
      this.socket.on('close', () => resolve());
      this.socket.end(this.header(DISCONNECT, 0, 0, 0n));
      this.socket.resume();
    });
  }

  private header(type: number, start: number, length: number, cookie: bigint): Buffer {
    const header = Buffer.alloc(28);
    header.writeUInt32BE(REQUEST_MAGIC, 0);
    header.writeUInt16BE(type, 6);
    header.writeBigUInt64BE(cookie, 8);
    header.writeBigUInt64BE(BigInt(start), 16);
    header.writeUInt32BE(length, 24);
    return header;
  }

  private request(type: number, start: number, bytes: Uint8Array): Promise<void> {
    this.cookie += 1n;
    const cookie = this.cookie;
    const length = type === WRITE ? bytes.length : 0;
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) return reject(broken('is gone'));
      this.waiting.set(cookie, { resolve, reject });
      this.socket.write(this.header(type, start, length, cookie));
      if (length > 0) this.socket.write(bytes);
    });
  }

  private async receive(input: ByteQueue): Promise<void> {
    try {
      for (;;) {
        const reply = await input.take(16);
        if (reply.readUInt32BE(0) !== REPLY_MAGIC) throw broken('sent an absurd reply');
        const cookie = reply.readBigUInt64BE(8);
        const waiting = this.waiting.get(cookie);
        this.waiting.delete(cookie);
        const error = reply.readUInt32BE(4);
        if (error === 0) waiting?.resolve();
        else waiting?.reject(refusal(error));
      }
    } catch (error) {
      for (const { reject } of this.waiting.values()) reject(error);
      this.waiting.clear();
      this.socket.destroy();
    }
  }
}
