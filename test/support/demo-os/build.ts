import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isMissing, syncFolder, writeFileAtomic } from '../../../src/host/files.ts';
import type { Run } from '../../../src/host/run.ts';
import { makeFileSystem } from './file-system.ts';
import { currentKernel, fetchKernel, type KernelPackage } from './kernel.ts';
import { rootTree } from './tree.ts';

/** A built disk. */
export interface DemoOs {
  /** A raw disk image; not to be written. */
  readonly path: string;
  /** 64 hex digits. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

const SIZE_BYTES = 128 * 2 ** 20;
const PARTITION_START_BYTES = 2 ** 20;
const SECTOR_BYTES = 512;
const GRUB = '/usr/lib/grub/i386-pc';
const GRUB_MODULES = ['biosdisk', 'part_msdos', 'ext2', 'linux', 'normal', 'boot'];
const PREFIX = '(hd0,msdos1)/boot/grub';

/** Where the disk is kept when the caller has no wish. */
const DEMO_OS_CACHE = join(homedir(), '.cache/lamina/demo-os');

/** Everything that decides the bytes of the disk, as a name. */
async function recipeHash(kernel: KernelPackage): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(kernel));
  const folder = import.meta.dirname;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const recipe = entries.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
  const tools = [`${GRUB}/boot.img`, `${GRUB}/kernel.img`, '/bin/busybox', '/sbin/mke2fs'];
  for (const path of [...recipe.sort(), ...tools]) {
    const content = await readFile(path);
    hash.update(`${path.replace(folder, '')}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

/** A partition table with one active Linux partition; code and table share the first sector. */
function masterBootRecord(bootCode: Uint8Array): Buffer {
  const sector = Buffer.alloc(SECTOR_BYTES);
  Buffer.from(bootCode).copy(sector, 0, 0, 440);
  sector.writeUInt32LE(0x5eed05, 440);
  const start = PARTITION_START_BYTES / SECTOR_BYTES;
  // Active; no cylinders, heads and sectors, which nobody reads; type 0x83.
  Buffer.from([0x80, 0xfe, 0xff, 0xff, 0x83, 0xfe, 0xff, 0xff]).copy(sector, 446);
  sector.writeUInt32LE(start, 454);
  sector.writeUInt32LE(SIZE_BYTES / SECTOR_BYTES - start, 458);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

/** GRUB without its installer: boot.img in the first sector, core.img in the gap behind it. */
async function installGrub(run: Run, disk: string, scratch: string): Promise<void> {
  const core = join(scratch, 'core.img');
  const config = join(scratch, 'grub-early.cfg');
  await writeFile(config, 'set root=(hd0,msdos1)\n');
  const settings = ['-O', 'i386-pc', '-d', GRUB, '-p', PREFIX, '-c', config, '-o', core];
  await run('grub-mkimage', [...settings, ...GRUB_MODULES]);
  const image = await readFile(core);
  if (SECTOR_BYTES + image.length > PARTITION_START_BYTES) throw new Error('core.img is too large');
  const handle = await open(disk, 'r+');
  try {
    await handle.write(
      masterBootRecord(await readFile(join(GRUB, 'boot.img'))),
      0,
      SECTOR_BYTES,
      0,
    );
    await handle.write(image, 0, image.length, SECTOR_BYTES);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function fileSha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function buildDisk(run: Run, kernel: KernelPackage, scratch: string): Promise<string> {
  const tree = await rootTree(run, await fetchKernel(run, kernel, scratch));
  const partition = join(scratch, 'partition.raw');
  const disk = join(scratch, 'disk.raw');
  const sizeBytes = SIZE_BYTES - PARTITION_START_BYTES;
  await makeFileSystem(run, tree, { image: partition, sizeBytes, scratch });
  // Sparse: what is zero in the partition stays a hole in the disk.
  await run('dd', [
    `if=${partition}`,
    `of=${disk}`,
    `seek=${PARTITION_START_BYTES}`,
    'oflag=seek_bytes',
    'bs=64K',
    'conv=sparse',
    'status=none',
  ]);
  const handle = await open(disk, 'r+');
  await handle.truncate(SIZE_BYTES);
  await handle.close();
  await installGrub(run, disk, scratch);
  return disk;
}

async function known(folder: string): Promise<DemoOs | undefined> {
  const path = join(folder, 'disk.raw');
  try {
    const sha256 = (await readFile(`${path}.sha256`, 'utf8')).slice(0, 64);
    return { path, sha256, sizeBytes: (await stat(path)).size };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Gives the demo disk, building it when recipe, kernel or tools are new. */
export async function buildDemoOs(options: {
  readonly run: Run;
  readonly cacheDir?: string;
}): Promise<DemoOs> {
  const { run, cacheDir = DEMO_OS_CACHE } = options;
  const kernel = await currentKernel(run);
  const folder = join(cacheDir, await recipeHash(kernel));
  const before = await known(folder);
  if (before !== undefined) return before;
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(cacheDir, '.build-'));
  try {
    const disk = await buildDisk(run, kernel, scratch);
    const sha256 = await fileSha256(disk);
    await rename(disk, join(folder, 'disk.raw'));
    await syncFolder(folder);
    // Last: with it, the disk is complete.
    await writeFileAtomic(join(folder, 'disk.raw.sha256'), `${sha256}  disk.raw\n`);
    return { path: join(folder, 'disk.raw'), sha256, sizeBytes: SIZE_BYTES };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
