import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/host/run.ts';
import type { DiskFile } from '../../src/images/source.ts';
import { temporaryFolder } from './folder.ts';

/** Bytes of a small disk as QEMU sees them, through all of its chain. */
export async function readDisk(disk: DiskFile, start: number, length: number): Promise<Buffer> {
  await using folder = await temporaryFolder();
  const raw = join(folder.path, 'disk.raw');
  await run('qemu-img', ['convert', '-f', disk.format, '-O', 'raw', disk.path, raw]);
  const handle = await open(raw, 'r');
  try {
    const bytes = Buffer.alloc(length);
    await handle.read(bytes, 0, length, start);
    return bytes;
  } finally {
    await handle.close();
  }
}
