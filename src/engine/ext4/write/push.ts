import type { NbdClient } from '../../../images/nbd-client.ts';
import type { ByteSource } from '../../../images/source.ts';
import type { BlockRun } from './metadata-blocks.ts';

/** The two sides of a push and where it goes. */
export interface Push {
  readonly client: NbdClient;
  /** The partition as it is on the disk. */
  readonly before: ByteSource;
  /** The partition as it shall be; only the pushed blocks need be right. */
  readonly after: ByteSource;
  /** Position of the partition on the disk. */
  readonly offset: number;
  readonly blockSize: number;
}

const CHUNK = 2 ** 20;
const IN_FLIGHT = 16;

/** Pushes runs of blocks to the disk and counts the bytes. */
export class Pusher {
  writtenBytes = 0;
  private readonly push: Push;
  private readonly flying = new Set<Promise<void>>();

  constructor(push: Push) {
    this.push = push;
  }

  /** Writes a run as it is. */
  async whole(run: BlockRun): Promise<void> {
    for (const { start, length } of this.chunks(run)) {
      const bytes = Buffer.allocUnsafe(length);
      this.push.after.readInto(start, bytes);
      await this.send(start, bytes);
    }
  }

  /** Writes those blocks of a run that differ from what the disk has. */
  async changed(run: BlockRun): Promise<void> {
    const { before, after, blockSize } = this.push;
    for (const { start, length } of this.chunks(run)) {
      const old = Buffer.allocUnsafe(length);
      const bytes = Buffer.allocUnsafe(length);
      before.readInto(start, old);
      after.readInto(start, bytes);
      if (old.equals(bytes)) continue;
      let from = -1;
      for (let at = 0; at <= length; at += blockSize) {
        const differs =
          at < length && old.compare(bytes, at, at + blockSize, at, at + blockSize) !== 0;
        if (differs && from < 0) from = at;
        if (differs || from < 0) continue;
        await this.send(start + from, bytes.subarray(from, at));
        from = -1;
      }
    }
  }

  /** Resolves when all is on stable storage. */
  async finish(): Promise<void> {
    await Promise.all(this.flying);
    await this.push.client.flush();
  }

  private *chunks({ block, count }: BlockRun): Generator<{ start: number; length: number }> {
    const { blockSize } = this.push;
    const end = (block + count) * blockSize;
    for (let start = block * blockSize; start < end; start += CHUNK) {
      yield { start, length: Math.min(CHUNK, end - start) };
    }
  }

  private async send(start: number, bytes: Buffer): Promise<void> {
    const sent = this.push.client.write(this.push.offset + start, bytes);
    this.writtenBytes += bytes.length;
    this.flying.add(sent);
    // A failure is seen where the set is awaited.
    sent.then(
      () => this.flying.delete(sent),
      () => undefined,
    );
    if (this.flying.size >= IN_FLIGHT) await Promise.race(this.flying);
  }
}
