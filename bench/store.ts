/*
 * Speed of the layer store beside qemu-img and zstd, on one generated disk in one run; all of them
 * must end with their result on the disk. Rounds take turns, so that noise of the machine meets all
 * alike.
 */
import { createCipheriv } from 'node:crypto';
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LayerIdentity } from '../src/core/layer.ts';
import { systemClock } from '../src/host/clock.ts';
import { run } from '../src/host/run.ts';
import type { DiskReader } from '../src/store/disk-reader.ts';
import { openStore } from '../src/store/store.ts';
import { benchmark, rounded, type Figure } from './support/figures.ts';
import { secondsOf } from './support/timing.ts';

const MIB = 2 ** 20;
const CHUNK = 4 * MIB;
const ROUNDS = 2;
const DATA_BYTES = 2 ** 30;

const QEMU = 'qemu-img convert -c, zstd';
const ZSTD = 'zstd -3 -T2';
const UNQEMU = 'qemu-img convert, back to raw';
const UNZSTD = 'zstd -d --sparse';

interface Step {
  readonly what: string;
  readonly work: (round: number) => Promise<unknown>;
  /** The peers' steps that do the same job. */
  readonly qemu?: string;
  readonly zstd?: string;
}

/** Every second extent is data: half noise, half text of repeated words, about 1.8:1 in zstd. */
function makeDisk(path: string, dataBytes: number): void {
  const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16));
  const words = noise.update(Buffer.alloc(512 * 16));
  const chunk = Buffer.alloc(CHUNK);
  const file = openSync(path, 'w');
  ftruncateSync(file, dataBytes * 2);
  for (let at = 0; at < dataBytes; at += CHUNK) {
    noise.update(Buffer.alloc(CHUNK / 2)).copy(chunk);
    const picks = noise.update(Buffer.alloc(CHUNK / 16));
    for (let p = CHUNK / 2, i = 0; p < CHUNK; p += 16, i += 2) {
      words.copy(
        chunk,
        p,
        16 * (picks.readUInt16LE(i) % 512),
        16 * (picks.readUInt16LE(i) % 512) + 16,
      );
    }
    writeSync(file, chunk, 0, CHUNK, at * 2);
  }
  closeSync(file);
}

function rawDisk(path: string): DiskReader & { close(): void } {
  const file = openSync(path, 'r');
  const sizeBytes = fstatSync(file).size;
  const extents = Array.from({ length: sizeBytes / CHUNK }, (_, i) => ({
    start: i * CHUNK,
    length: CHUNK,
    data: i % 2 === 0,
    depth: 0,
  }));
  return {
    sizeBytes,
    extents,
    readInto: (start, target) => void readSync(file, target, 0, target.length, start),
    close: () => closeSync(file),
  };
}

function layer(version: string): LayerIdentity {
  const inputs = `sha256:${'b'.repeat(64)}` as const;
  const created = '2026-11-21T00:00:00Z';
  const repository = 'lamina/bench/os/disk';
  return { role: 'os', name: 'disk', version, repository, tag: version, inputs, created };
}

/** The peers; both are followed by `sync` of what they wrote, as the store does for itself. */
function peers(folder: string): readonly Step[] {
  const disk = join(folder, 'disk.raw');
  const peer = (what: string, program: string, args: readonly string[], output: string) => ({
    what,
    work: async () => {
      await run(program, [...args, join(folder, output)]);
      await run('sync', [join(folder, output)]);
    },
  });
  const qemu = ['convert', '-m', '2'];
  const zstdOption = ['-c', '-o', 'compression_type=zstd'];
  return [
    peer(QEMU, 'qemu-img', [...qemu, '-f', 'raw', '-O', 'qcow2', ...zstdOption, disk], 'q'),
    peer(ZSTD, 'zstd', ['-q', '-f', '-3', '-T2', disk, '-o'], 'z'),
    peer(UNQEMU, 'qemu-img', [...qemu, '-f', 'qcow2', '-O', 'raw', join(folder, 'q')], 'uq'),
    peer(UNZSTD, 'zstd', ['-q', '-d', '-f', '--sparse', join(folder, 'z'), '-o'], 'uz'),
  ];
}

async function ours(folder: string, disk: DiskReader): Promise<readonly Step[]> {
  const open = (name: string) => openStore(join(folder, name), { clock: systemClock });
  const store = await open('kept');
  const parent = await store.putDisk({ disk, layer: layer('1') });
  const next = (version: string) => ({ disk, layer: layer(version), parent });
  return [
    {
      what: 'first ingest',
      work: async (round) => (await open(`first-${round}`)).putDisk({ disk, layer: layer('1') }),
      qemu: QEMU,
      zstd: ZSTD,
    },
    {
      what: 'ingest again, compared with the parent',
      work: (round) => store.putDisk(next(`compared-${round}`)),
      qemu: QEMU,
      zstd: ZSTD,
    },
    {
      what: 'ingest again, known to be unchanged',
      work: (round) => store.putDisk({ ...next(`known-${round}`), unchanged: () => true }),
    },
    {
      what: 'materialize',
      work: (round) => store.materialize(parent, join(folder, `out-${round}`)),
      qemu: UNQEMU,
      zstd: UNZSTD,
    },
  ];
}

/** Best time of each step. */
async function race(steps: readonly Step[]): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { what, work } of steps) {
      const seconds = await secondsOf(() => work(round));
      times.set(what, Math.min(seconds, times.get(what) ?? seconds));
    }
  }
  return times;
}

/** Our speed divided by that of a peer. */
function ratio(times: ReadonlyMap<string, number>, peer: string, seconds: number): string {
  return `${rounded((times.get(peer) ?? 0) / seconds)} × ${peer}`;
}

function figureOf({ what, qemu, zstd }: Step, times: ReadonlyMap<string, number>): Figure {
  const seconds = times.get(what) ?? 0;
  const named = [qemu, zstd].filter((peer) => peer !== undefined);
  const beside = named.map((peer) => ratio(times, peer, seconds)).join('; ');
  const figure = { what, value: DATA_BYTES / MIB / seconds, unit: 'MiB/s' };
  return beside === '' ? figure : { ...figure, beside };
}

async function measure(folder: string): Promise<readonly Figure[]> {
  const path = join(folder, 'disk.raw');
  makeDisk(path, DATA_BYTES);
  const disk = rawDisk(path);
  const steps = [...(await ours(folder, disk)), ...peers(folder)];
  const times = await race(steps);
  disk.close();
  await run('cmp', [path, join(folder, 'out-0')]);
  const { blocks } = await stat(join(folder, 'out-0'));
  if (blocks * 512 > DATA_BYTES * 1.01) throw new Error('the materialized disk is not sparse');
  return steps.map((step) => figureOf(step, times));
}

const folder = await mkdtemp(join(tmpdir(), 'lamina-bench-'));
try {
  await benchmark('store', () => measure(folder));
} finally {
  await rm(folder, { recursive: true, force: true });
}
