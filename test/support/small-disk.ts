import { mkdir, statfs } from 'node:fs/promises';
import { run } from '../../src/host/run.ts';

/** Why no file system can be mounted here; undefined where it can. */
export async function whyNoSmallDisk(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'not root';
  try {
    // In a mount namespace of its own: it is gone with the program.
    await run('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']);
    return undefined;
  } catch {
    return 'mounting is not allowed';
  }
}

/** How large a small file system is. */
export interface SmallDiskSize {
  readonly kibibytes: number;
  /** Files and folders in all; as many as fit by default. */
  readonly files?: number;
}

/** A file system of its own in a folder, which can grow. */
export class SmallDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Mounts one in a folder, which is made. */
  static async mount(path: string, size: SmallDiskSize): Promise<SmallDisk> {
    await mkdir(path, { recursive: true });
    await run('mount', ['-t', 'tmpfs', '-o', optionsOf(size), 'none', path]);
    return new SmallDisk(path);
  }

  /** Gives it another size; false if it holds more than that. */
  async resize(size: SmallDiskSize): Promise<boolean> {
    const args = ['-o', `remount,${optionsOf(size)}`, this.path];
    return (await run('mount', args, { okCodes: [0, 32] })).code === 0;
  }

  /** What lies there already. */
  async usedKibibytes(): Promise<number> {
    const { blocks, bfree, bsize } = await statfs(this.path);
    return ((blocks - bfree) * bsize) / 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('umount', ['--lazy', this.path]);
  }
}

function optionsOf({ kibibytes, files = 0 }: SmallDiskSize): string {
  return `size=${kibibytes}k,nr_inodes=${files}`;
}
