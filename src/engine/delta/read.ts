import type { DeltaChange, ReadItem } from './entry.ts';
import { decodeChange } from './decode.ts';
import { badDelta } from './failure.ts';
import { decodePax, type PaxRecords } from './pax.ts';
import { Pull } from './pull.ts';
import { Sequence } from './sequence.ts';
import { BLOCK, decodeUstar, type Ustar } from './ustar.ts';

/** What a reader is ready to take; beyond it the layer is refused. */
export interface DeltaLimits {
  readonly entries: number;
  /** Sum of the sizes of all files. */
  readonly contentBytes: number;
}

/** Room for any real layer: a few million names, 16 TiB. */
const DELTA_LIMITS: DeltaLimits = { entries: 4_000_000, contentBytes: 2 ** 44 };

const MOST_HEADER_BYTES = 2 ** 20;
const CHUNK = 2 ** 18;

function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / BLOCK) * BLOCK;
}

async function extendedHeader(pull: Pull, header: Ustar): Promise<PaxRecords> {
  if (header.sizeBytes > MOST_HEADER_BYTES) throw badDelta('an extended header is too long');
  const body = await pull.exactly(padded(header.sizeBytes));
  return decodePax(body.subarray(0, header.sizeBytes));
}

async function expectEnd(pull: Pull): Promise<void> {
  for (let rest = await pull.some(CHUNK); rest !== undefined; rest = await pull.some(CHUNK)) {
    if (rest.some((byte) => byte !== 0)) throw badDelta('bytes follow its end');
  }
}

/** The next change, or undefined at the end of the archive. */
async function nextChange(pull: Pull): Promise<DeltaChange | undefined> {
  const first = await pull.exactly(BLOCK);
  if (first.every((byte) => byte === 0)) {
    const second = await pull.exactly(BLOCK);
    if (second.some((byte) => byte !== 0)) throw badDelta('its end mark is broken');
    await expectEnd(pull);
    return undefined;
  }
  const header = decodeUstar(first);
  if (header.type !== 'x') return decodeChange(header, new Map());
  const records = await extendedHeader(pull, header);
  return decodeChange(decodeUstar(await pull.exactly(BLOCK)), records);
}

/** The content of one entry; what is left of it can be skipped at any time. */
class Content {
  private readonly pull: Pull;
  private content: number;
  private pad: number;

  constructor(pull: Pull, sizeBytes: number) {
    this.pull = pull;
    this.content = sizeBytes;
    this.pad = padded(sizeBytes) - sizeBytes;
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    while (this.content > 0) {
      const chunk = await this.pull.some(Math.min(this.content, CHUNK));
      if (chunk === undefined) throw badDelta('the archive ends inside a file');
      this.content -= chunk.length;
      yield chunk;
    }
  }

  async skip(): Promise<void> {
    for await (const _ of this.bytes());
    await this.pull.exactly(this.pad);
    this.pad = 0;
  }
}

/** Reads a layer. Its bytes are hostile input: whatever `writeDelta` would not write is refused. */
export async function* readDelta(
  stream: AsyncIterable<Uint8Array>,
  limits: DeltaLimits = DELTA_LIMITS,
): AsyncGenerator<ReadItem> {
  const pull = new Pull(stream);
  const sequence = new Sequence();
  let entries = 0;
  let contentBytes = 0;
  try {
    for (let change = await nextChange(pull); change; change = await nextChange(pull)) {
      const sizeBytes = change.op === 'put' ? change.sizeBytes : 0;
      entries += 1;
      contentBytes += sizeBytes;
      if (entries > limits.entries) throw badDelta(`it has more than ${limits.entries} entries`);
      if (contentBytes > limits.contentBytes) throw badDelta('its files are too large in all');
      sequence.add(change);
      const content = new Content(pull, sizeBytes);
      yield { change, content: content.bytes() };
      await content.skip();
    }
  } finally {
    await pull.close();
  }
}
