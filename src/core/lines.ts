const NEWLINE = 0x0a;

/**
 * Cuts bytes into lines as they come; a character may be split between chunks. A line that is longer
 * than the bound is dropped whole, after `tooLong` was told: it may throw.
 */
export class LineSplitter {
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private readonly maxBytes: number;
  private readonly tooLong: () => void;

  constructor(maxBytes: number, tooLong: () => void = () => undefined) {
    this.maxBytes = maxBytes;
    this.tooLong = tooLong;
  }

  /** The lines that end in this chunk, without their newlines. */
  push(chunk: Uint8Array): readonly string[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const lines: string[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      this.keep(bytes.subarray(start, end));
      if (this.pendingBytes <= this.maxBytes) {
        lines.push(Buffer.concat(this.pending).toString('utf8'));
      }
      this.pending = [];
      this.pendingBytes = 0;
      start = end + 1;
    }
    if (start < bytes.length) this.keep(bytes.subarray(start));
    return lines;
  }

  /** Whether something stands after the last newline: no line yet. */
  get isHalf(): boolean {
    return this.pendingBytes > 0;
  }

  private keep(part: Buffer): void {
    const wasLong = this.pendingBytes > this.maxBytes;
    this.pendingBytes += part.length;
    if (this.pendingBytes <= this.maxBytes) this.pending.push(part);
    else if (!wasLong) {
      this.pending = [];
      this.tooLong();
    }
  }
}
