const NEWLINE = 10;
const SENT = 'example.com/sent';
/** It stands in no other place of an event: managed fields have another character before the name. */
const MARK = Buffer.from(`"${SENT}":"`);
const QUOTE = '"'.charCodeAt(0);

/** A patch that says when it was sent, on the clock that all processes of a machine share. */
export function sentNow(): object {
  return { metadata: { annotations: { [SENT]: `${process.hrtime.bigint()}` } } };
}

/** Calls for every whole line of a stream. */
export async function eventsIn(
  body: AsyncIterable<Uint8Array>,
  tell: (event: Buffer) => void,
): Promise<void> {
  let rest = Buffer.alloc(0);
  for await (const chunk of body) {
    const bytes = Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      tell(bytes.subarray(start, end));
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
}

/** What arrived until now. */
interface Arrived {
  /** From the sending of each write until an event of it came, milliseconds. */
  readonly latenciesMs: readonly number[];
  /** When the last one came, on the same clock as `sentNow`. */
  readonly lastAt: bigint;
}

/** Events of watches, and how long they were on their way. */
export class Deliveries {
  private latenciesMs: number[] = [];
  private lastAt = 0n;
  private wanted = Infinity;
  private done: () => void = () => undefined;

  look(): void {
    this.latenciesMs = [];
  }

  /** Bookmarks carry no mark. */
  note(event: Buffer): void {
    const at = event.indexOf(MARK);
    if (at === -1) return;
    const first = at + MARK.length;
    const sent = BigInt(event.subarray(first, event.indexOf(QUOTE, first)).toString('latin1'));
    this.lastAt = process.hrtime.bigint();
    this.latenciesMs.push(Number(this.lastAt - sent) / 1e6);
    if (this.latenciesMs.length >= this.wanted) this.done();
  }

  async reached(events: number): Promise<Arrived> {
    this.wanted = events;
    const all = new Promise<void>((resolve) => (this.done = resolve));
    if (this.latenciesMs.length < events) await all;
    this.wanted = Infinity;
    return { latenciesMs: this.latenciesMs, lastAt: this.lastAt };
  }
}
