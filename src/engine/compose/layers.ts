import { createWriteStream, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ReadItem } from '../delta/entry.ts';
import { needRoom } from '../../host/room.ts';
import { Pull } from '../delta/pull.ts';
import { readDelta, type DeltaLimits } from '../delta/read.ts';
import { doesNotFit } from '../ext4/write/failures.ts';
import { MOST_NAMES } from '../limits.ts';
import { Merge } from './merge.ts';
import type { PutNode } from './slot.ts';

/** A layer to lay down; it can be read more than once. */
export interface LayerInput {
  /** For messages. */
  readonly name: string;
  open(): AsyncIterable<Uint8Array>;
}

/** Where the content that is needed is put until it is written, and when to stop. */
export interface SpoolOptions {
  readonly folder: string;
  /** Size of the file system that everything goes to: more cannot be of use. */
  readonly mostBytes: number;
  readonly signal?: AbortSignal;
  /** Called once for each layer that has been read. */
  readonly onLayer?: () => void;
}

const EMPTY = { from: 'bytes', bytes: new Uint8Array(0) } as const;

/** Room is looked for once for so many bytes of small files. */
const GRANT_BYTES = 2 ** 26;

/** Files up to this size are written at once. */
const WHOLE_BYTES = 2 ** 20;

async function gathered(content: ReadItem['content']): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

class Spool {
  private readonly options: SpoolOptions;
  private count = 0;
  private bytes = 0;
  /** How much may be written until room is looked for again. */
  private granted = 0;

  constructor(options: SpoolOptions) {
    this.options = options;
  }

  /** What one layer can bring: no more content than the file system has room for. */
  get limits(): DeltaLimits {
    return { entries: MOST_NAMES, contentBytes: this.options.mostBytes };
  }

  private async grant(bytes: number): Promise<void> {
    const { folder, mostBytes } = this.options;
    this.bytes += bytes;
    if (this.bytes > mostBytes) throw doesNotFit(this.bytes, mostBytes);
    if (bytes > this.granted) {
      this.granted = bytes + GRANT_BYTES;
      await needRoom(folder, this.granted, 'the content of layers');
    }
    this.granted -= bytes;
  }

  async take(node: PutNode, { data, content }: ReadItem): Promise<void> {
    if (node.meta.type !== 'file' || node.content !== undefined) return;
    if (node.sizeBytes === 0) {
      node.content = EMPTY;
      return;
    }
    await this.grant(data?.reduce((sum, { length }) => sum + length, 0) ?? node.sizeBytes);
    this.count += 1;
    const path = join(this.options.folder, String(this.count));
    if (data !== undefined) await writeRuns(path, node.sizeBytes, { data, content });
    // Most files are small: one write for each is many times faster than a stream.
    else if (node.sizeBytes > WHOLE_BYTES) await pipeline(content, createWriteStream(path));
    else writeFileSync(path, await gathered(content));
    node.content = { from: 'file', path, ...(data === undefined ? {} : { data }) };
  }
}

/** Writes the runs of a file where they belong; between them it has holes. */
async function writeRuns(
  path: string,
  sizeBytes: number,
  { data, content }: Required<Pick<ReadItem, 'data' | 'content'>>,
): Promise<void> {
  const pull = new Pull(content);
  const file = await open(path, 'wx');
  try {
    await file.truncate(sizeBytes);
    for (const { start, length } of data) {
      for (let at = start; at < start + length;) {
        const bytes = await pull.exactly(Math.min(WHOLE_BYTES, start + length - at));
        await file.write(bytes, 0, bytes.length, at);
        at += bytes.length;
      }
    }
  } finally {
    await file.close();
  }
}

/** Reads one layer; gives the files that are hidden themselves but have links that are not. */
async function readLayer(
  layer: LayerInput,
  merge: Merge,
  spool: Spool,
): Promise<Map<string, PutNode>> {
  const { limits } = spool;
  const late = new Map<string, PutNode>();
  for await (const item of readDelta(layer.open(), limits)) {
    const { change } = item;
    const { visible, node } = merge.add(change);
    if (!visible || node === undefined) continue;
    if (change.op === 'put') await spool.take(node, item);
    else if (change.op === 'link' && node.content === undefined) late.set(change.to, node);
  }
  return late;
}

async function readLate(
  layer: LayerInput,
  late: Map<string, PutNode>,
  spool: Spool,
): Promise<void> {
  const { limits } = spool;
  for await (const item of readDelta(layer.open(), limits)) {
    const node = late.get(item.change.path);
    if (item.change.op === 'put' && node !== undefined) await spool.take(node, item);
  }
}

/** Merges layers, given lowest first, below what the merge already holds. */
export async function mergeLayers(
  merge: Merge,
  layers: readonly LayerInput[],
  options: SpoolOptions,
): Promise<void> {
  const spool = new Spool(options);
  for (const [index, layer] of [...layers.entries()].reverse()) {
    options.signal?.throwIfAborted();
    merge.begin(index);
    const late = await readLayer(layer, merge, spool);
    const needed = [...late].filter(([, { meta }]) => meta.type === 'file');
    if (needed.length > 0) await readLate(layer, new Map(needed), spool);
    options.onLayer?.();
  }
}
