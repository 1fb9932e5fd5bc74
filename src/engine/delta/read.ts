import { formatBytes } from '../../core/quantity.ts';
import { MOST_NAMES, MOST_RUNS, mostHeaderBytes } from '../limits.ts';
import type { Range } from '../volume.ts';
import { decodeEntry } from './decode.ts';
import type { DeltaChange, ReadItem } from './entry.ts';
import { badDelta } from './failure.ts';
import { decodePax, type PaxRecords } from './pax.ts';
import { Pull } from './pull.ts';
import { Sequence } from './sequence.ts';
import { decodeRuns } from './sparse.ts';
import { BLOCK, decodeUstar, type Ustar } from './ustar.ts';

/** What a reader is ready to take; beyond it the layer is refused. */
export interface DeltaLimits {
  readonly entries: number;
  /** Sum of what all files store. */
  readonly contentBytes: number;
}

const DELTA_LIMITS: DeltaLimits = { entries: MOST_NAMES, contentBytes: 2 ** 44 };

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

interface Entry {
  readonly change: DeltaChange;
  readonly data?: readonly Range[];
  /** What follows of the file. */
  readonly contentBytes: number;
  /** What its extended header had. */
  readonly headerBytes: number;
}

/** The next entry, or undefined at the end of the archive. */
async function nextEntry(pull: Pull): Promise<Entry | undefined> {
  const first = await pull.exactly(BLOCK);
  if (first.every((byte) => byte === 0)) {
    const second = await pull.exactly(BLOCK);
    if (second.some((byte) => byte !== 0)) throw badDelta('its end mark is broken');
    await expectEnd(pull);
    return undefined;
  }
  const header = decodeUstar(first);
  const headerBytes = header.type === 'x' ? header.sizeBytes : 0;
  const { change, storedBytes, sparse } =
    header.type === 'x' ? await extendedEntry(pull, header) : decodeEntry(header, new Map());
  if (!sparse || change.op !== 'put') return { change, contentBytes: storedBytes, headerBytes };
  const { runs, contentBytes } = await decodeRuns(pull, storedBytes, change.sizeBytes);
  return { change, data: runs, contentBytes, headerBytes };
}

async function extendedEntry(pull: Pull, header: Ustar) {
  const records = await extendedHeader(pull, header);
  return decodeEntry(decodeUstar(await pull.exactly(BLOCK)), records);
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

/** What was read so far; beyond the limits the layer is refused. */
class Count {
  private readonly limits: DeltaLimits;
  private entries = 0;
  private contentBytes = 0;
  private runs = 0;
  private headerBytes = 0;

  constructor(limits: DeltaLimits) {
    this.limits = limits;
  }

  add({ data = [], contentBytes, headerBytes }: Entry): void {
    const { limits } = this;
    this.headerBytes += headerBytes;
    this.entries += 1;
    this.contentBytes += contentBytes;
    this.runs += data.length;
    if (this.entries > limits.entries) throw badDelta(`it has more than ${limits.entries} entries`);
    if (this.runs > MOST_RUNS) throw badDelta(`its files lie in more than ${MOST_RUNS} runs`);
    if (this.headerBytes > mostHeaderBytes(this.entries)) {
      throw badDelta('its names and attributes are too large in all');
    }
    if (this.contentBytes > limits.contentBytes) {
      throw badDelta(`its files hold more than ${formatBytes(limits.contentBytes)} in all`);
    }
  }
}

/** Reads a layer. Its bytes are hostile input: whatever `writeDelta` would not write is refused. */
export async function* readDelta(
  stream: AsyncIterable<Uint8Array>,
  limits: DeltaLimits = DELTA_LIMITS,
): AsyncGenerator<ReadItem> {
  const pull = new Pull(stream);
  const sequence = new Sequence();
  const count = new Count(limits);
  try {
    for (let entry = await nextEntry(pull); entry; entry = await nextEntry(pull)) {
      const { contentBytes, change, data } = entry;
      count.add(entry);
      sequence.add(change);
      const content = new Content(pull, contentBytes);
      yield { change, ...(data && { data }), content: content.bytes() };
      await content.skip();
    }
  } finally {
    await pull.close();
  }
}
