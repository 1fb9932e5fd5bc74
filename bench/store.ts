/*
 * Speed of the layer store beside qemu-img and zstd, on one generated disk in one run. The store
 * hashes twice and syncs every blob; the peers do neither. `node bench/store.ts [GiB of data]`
 */
import { createCipheriv } from 'node:crypto';
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LayerIdentity } from '../src/core/layer.ts';
import { systemClock } from '../src/host/clock.ts';
import { run } from '../src/host/run.ts';
import type { DiskReader } from '../src/store/disk-reader.ts';
import { openStore } from '../src/store/store.ts';

const MIB = 2 ** 20;
const CHUNK = 4 * MIB;
const ROUNDS = 3;

interface Row {
  readonly what: string;
  readonly seconds: number;
  readonly mibPerSecond: number;
  /** Our speed divided by the peer's. */
  readonly againstPeer?: number;
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

async function best(work: (round: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    await work(round);
    times.push((performance.now() - start) / 1000);
  }
  return Math.min(...times);
}

function layer(version: string): LayerIdentity {
  const inputs = `sha256:${'b'.repeat(64)}` as const;
  const created = '2026-11-21T00:00:00Z';
  const repository = 'lamina/bench/os/disk';
  return { role: 'os', name: 'disk', version, repository, tag: version, inputs, created };
}

async function measure(folder: string, dataBytes: number): Promise<readonly Row[]> {
  const path = join(folder, 'disk.raw');
  makeDisk(path, dataBytes);
  const disk = rawDisk(path);
  const file = (name: string) => join(folder, name);
  const row = (what: string, seconds: number, peer?: number): Row => ({
    what,
    seconds: Number(seconds.toFixed(2)),
    mibPerSecond: Math.round(dataBytes / MIB / seconds),
    ...(peer === undefined ? {} : { againstPeer: Number((peer / seconds).toFixed(2)) }),
  });

  const qcow = await best(() =>
    run('qemu-img', [
      'convert',
      '-c',
      '-f',
      'raw',
      '-O',
      'qcow2',
      '-m',
      '2',
      '-o',
      'compression_type=zstd',
      path,
      file('q'),
    ]),
  );
  const zstd = await best(() => run('zstd', ['-q', '-f', '-3', '-T2', path, '-o', file('z')]));
  const ingest = await best(async (round) => {
    const store = await openStore(file(`first-${round}`), { clock: systemClock });
    await store.putDisk({ disk, layer: layer('1') });
  });
  const store = await openStore(file('first-0'), { clock: systemClock });
  const parent = await store.find('lamina/bench/os/disk', '1');
  if (parent === undefined) throw new Error('the first layer is gone');
  const again = await best((round) =>
    store.putDisk({ disk, layer: layer(`again-${round}`), parent }),
  );
  const known = await best((round) =>
    store.putDisk({ disk, layer: layer(`known-${round}`), parent, unchanged: () => true }),
  );
  const unqcow = await best(() =>
    run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', '-m', '2', file('q'), file('uq')]),
  );
  const unzstd = await best(() =>
    run('zstd', ['-q', '-d', '-f', '--sparse', file('z'), '-o', file('uz')]),
  );
  const back = await best((round) => store.materialize(parent, file(`out-${round}`)));
  await run('cmp', [path, file('out-0')]);
  disk.close();
  const { blocks } = await stat(file('out-0'));
  if (blocks * 512 > dataBytes * 1.01) throw new Error('the materialized disk is not sparse');
  return [
    row('qemu-img convert -c (zstd, 2 coroutines)', qcow),
    row('zstd -3 -T2', zstd),
    row('first ingest', ingest, qcow),
    row('first ingest, against zstd', ingest, zstd),
    row('ingest again, parent given', again, qcow),
    row('ingest again, known to be unchanged', known, qcow),
    row('qemu-img convert back to raw', unqcow),
    row('zstd -d --sparse', unzstd),
    row('materialize', back, unqcow),
    row('materialize, against zstd', back, unzstd),
  ];
}

const dataBytes = Number(process.argv[2] ?? '1') * 2 ** 30;
const folder = await mkdtemp(join(tmpdir(), 'lamina-bench-'));
try {
  const rows = await measure(folder, dataBytes);
  console.table(rows);
  const result = { bench: 'store', cpus: cpus().length, node: process.version, dataBytes, rows };
  const results = join(import.meta.dirname, 'results');
  await mkdir(results, { recursive: true });
  await writeFile(join(results, 'store.json'), `${JSON.stringify(result, undefined, 2)}\n`);
  console.log(JSON.stringify(result));
} finally {
  await rm(folder, { recursive: true, force: true });
}
