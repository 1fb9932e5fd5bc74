import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, realpath, rm, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { hexOf } from '../core/digest.ts';
import { denied, impossible } from '../core/failure.ts';
import { formatBytes } from '../core/quantity.ts';
import { findLinuxRoot } from '../engine/ext4/find-root.ts';
import { isMissing } from '../host/files.ts';
import { needRoom, whileRoom } from '../host/room.ts';
import { inspectImage } from '../images/header.ts';
import { openDisk } from '../images/open-disk.ts';
import { checkDisk, convertDisk } from '../images/qemu-img.ts';
import type { DiskFile } from '../images/source.ts';
import type { ImportJob } from './spec.ts';
import type { JobTools, StoreTools } from './tools.ts';

const COPY_MS = 6 * 3_600_000;

/** All of a file is hashed, its holes too: a quarter of an hour for one so long. */
const MOST_FILE_BYTES = 2 ** 40;

/** The file that is meant, which must really lie below the import root. */
async function locate({ file }: ImportJob, { importRoot }: JobTools): Promise<string> {
  if (importRoot === undefined) {
    throw impossible(
      'ImportRefused',
      `import of ${file} is refused: start the controller with --import-root to allow files below a folder`,
      'Start the controller with --import-root.',
    );
  }
  const hint = `Put the file below ${importRoot}.`;
  try {
    const root = await realpath(importRoot);
    const path = await realpath(join(root, file));
    if (!path.startsWith(`${root}${sep}`)) {
      throw impossible('ImportOutside', `${file} does not lie below the import root`, hint);
    }
    if ((await stat(path)).isFile()) return path;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  throw denied('ImportMissing', `there is no file ${file} below the import root`, hint);
}

async function checkDigest(path: string, job: ImportJob, tools: JobTools): Promise<void> {
  const { size } = await stat(path);
  const hash = createHash('sha256');
  let done = 0;
  const chunks: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 2 ** 20 });
  for await (const chunk of chunks) {
    tools.signal.throwIfAborted();
    hash.update(chunk);
    done += chunk.length;
    tools.progress('Checking the file', 10 + (done / size) * 20);
  }
  const found = hash.digest('hex');
  if (found === job.sha256) return;
  throw denied(
    'ImportDiffers',
    `${job.file} has sha256 ${found}, but ${job.sha256} is declared`,
    'Compare both; correct the sha256 or the file.',
  );
}

/** Runs a program that writes below the folder of this import. */
function writing(
  folder: string,
  what: string,
  { clock, signal }: JobTools,
  work: (signal: AbortSignal) => Promise<unknown>,
): Promise<unknown> {
  return whileRoom({ folder, what, clock, signal }, work);
}

/**
 * A copy that nobody else can change between our checks and QEMU's reading: a reflink where the file
 * system has them.
 */
async function privateCopy(path: string, folder: string, tools: JobTools): Promise<string> {
  const copy = join(folder, 'source');
  tools.progress('Copying the file', 0);
  const { size, blocks } = await stat(path);
  if (size > MOST_FILE_BYTES) {
    const message = `${path} has ${formatBytes(size)}, and at most ${formatBytes(MOST_FILE_BYTES)} are read`;
    throw impossible('ImportTooLarge', message, 'Give a smaller disk, or the same one as qcow2.');
  }
  await needRoom(folder, blocks * 512, 'the copy of the file');
  await writing(folder, 'the copy of the file', tools, (signal) =>
    tools.run('cp', ['--reflink=auto', '--sparse=auto', '--', path, copy], {
      timeoutMs: COPY_MS,
      signal,
    }),
  );
  return copy;
}

/** The disk as a raw file; `rawBytes` is what it takes at most. */
async function asRaw(
  source: DiskFile,
  rawBytes: number,
  folder: string,
  tools: JobTools,
): Promise<DiskFile> {
  if (source.format === 'raw') return source;
  await needRoom(folder, rawBytes, 'the disk as a raw file');
  tools.progress('Checking the disk', 30);
  await checkDisk(tools.run, source, { signal: tools.signal });
  const raw: DiskFile = { path: join(folder, 'disk.raw'), format: 'raw' };
  tools.progress('Converting the disk', 30);
  await writing(folder, 'the disk as a raw file', tools, (signal) =>
    convertDisk(tools.run, source, raw, { signal }),
  );
  return raw;
}

/** Takes a disk image into the store as a version of an OS layer. */
export async function importDisk(job: ImportJob, tools: StoreTools): Promise<void> {
  const { layer } = job;
  const { store, places } = tools;
  if ((await store.find(layer.repository, layer.tag)) !== undefined) return;
  const path = await locate(job, tools);
  const folder = join(places.work, 'import', hexOf(layer.inputs));
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    const copy = await privateCopy(path, folder, tools);
    await checkDigest(copy, job, tools);
    const source: DiskFile = { path: copy, format: job.format };
    const { rawBytes } = inspectImage(source);
    const disk = await openDisk(await asRaw(source, rawBytes, folder, tools), tools);
    try {
      findLinuxRoot(disk);
      await store.putDisk({
        disk,
        layer,
        os: { family: 'linux' },
        signal: tools.signal,
        onProgress: (done, total = done) =>
          tools.progress('Storing the disk', 50 + (done / total) * 50),
      });
    } finally {
      disk.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
