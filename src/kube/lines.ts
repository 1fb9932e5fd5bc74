import { Failure } from '../core/failure.ts';

const NEWLINE = 0x0a;

/**
 * Cuts a stream of bytes into lines. Works on bytes, so that a character may be split between chunks.
 * What stands after the last newline is no line: the connection broke in the middle of it.
 */
class LineSplitter {
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private readonly maxBytes: number;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  push(chunk: Uint8Array): readonly string[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const lines: string[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      this.keep(bytes.subarray(start, end));
      lines.push(Buffer.concat(this.pending).toString('utf8'));
      this.pending = [];
      this.pendingBytes = 0;
      start = end + 1;
    }
    if (start < bytes.length) this.keep(bytes.subarray(start));
    return lines;
  }

  get isHalf(): boolean {
    return this.pendingBytes > 0;
  }

  private keep(part: Buffer): void {
    this.pendingBytes += part.length;
    if (this.pendingBytes > this.maxBytes) {
      throw new Failure({
        consequence: 'Transient',
        code: 'LineTooLong',
        message: `the API server sent a watch event of more than ${this.maxBytes} bytes`,
      });
    }
    this.pending.push(part);
  }
}

/** The lines of a stream of bytes, without those that are empty. Fails if the last one is half. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<string, void, undefined> {
  const splitter = new LineSplitter(maxBytes);
  for await (const chunk of chunks) {
    for (const line of splitter.push(chunk)) if (line.trim() !== '') yield line;
  }
  if (splitter.isHalf) {
    throw new Failure({
      consequence: 'Lost',
      code: 'StreamCut',
      message: 'the API server closed a watch in the middle of an event',
    });
  }
}

/** All bytes of a body as text, within a bound. */
export async function textOf(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new Failure({
        consequence: 'Transient',
        code: 'AnswerTooLarge',
        message: `the API server sent an answer of more than ${maxBytes} bytes`,
      });
    }
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}
