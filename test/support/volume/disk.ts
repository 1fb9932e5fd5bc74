import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../src/host/run.ts';
import type { DiskFile } from '../../../src/images/source.ts';

const START = 2 ** 20;

/** Why tests that let the kernel mount disks are skipped here, if they are. */
export const NO_MOUNTS = process.getuid?.() === 0 ? undefined : 'only root may mount';

/** A raw disk with one ext4 partition that holds what a shell script makes in its working folder. */
export async function makeDisk(folder: string, script: string, sizeMiB = 48): Promise<DiskFile> {
  const path = join(folder, 'os.raw');
  const tree = join(folder, 'tree');
  await mkdir(tree);
  await run('sh', ['-euc', script], { cwd: tree });
  await writeFile(path, '');
  await truncate(path, sizeMiB * 2 ** 20);
  await run('sfdisk', ['-q', path], { stdin: 'label: dos\nstart=2048, type=83\n' });
  const format = ['-q', '-t', 'ext4', '-d', tree, '-E', `offset=${START}`];
  await run('mke2fs', [...format, path, `${sizeMiB - 1}M`]);
  await rm(tree, { recursive: true });
  return { path, format: 'raw' };
}

/** Exports a disk as a raw file through FUSE as long as `use` runs. */
async function exported<T>(disk: DiskFile, folder: string, use: (raw: string) => Promise<T>) {
  const view = join(folder, `view-${Math.random().toString(36).slice(2)}`);
  await writeFile(view, '');
  const file = `driver=file,node-name=f,filename=${disk.path}`;
  const fuse = `type=fuse,id=e,node-name=d,mountpoint=${view},writable=on`;
  const args = ['--blockdev', file, '--blockdev', `driver=${disk.format},node-name=d,file=f`];
  args.push('--export', fuse, '--chardev', 'stdio,id=c', '--monitor', 'chardev=c');
  const daemon = spawn('qemu-storage-daemon', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    // It greets on its monitor when the export is there.
    await once(daemon.stdout, 'data');
    return await use(view);
  } finally {
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
    await rm(view, { force: true });
  }
}

/** Lets the kernel mount the partition of a disk, as an independent witness or as the guest. */
export async function mounted<T>(
  disk: DiskFile,
  folder: string,
  use: (root: string) => Promise<T>,
): Promise<T> {
  const mount = async (file: string) => {
    const root = join(folder, 'mnt');
    await mkdir(root, { recursive: true });
    await run('mount', ['-o', `loop,offset=${START}`, file, root]);
    try {
      return await use(root);
    } finally {
      await run('umount', [root]);
    }
  };
  return disk.format === 'raw' ? mount(disk.path) : exported(disk, folder, mount);
}

const SNAPSHOT = `
import hashlib, json, os, stat, sys
root = sys.argv[1]
out, names = {}, {}
for folder, dirs, files in os.walk(root):
    for name in dirs + files:
        full = os.path.join(folder, name)
        path = full[len(root):]
        s = os.lstat(full)
        e = {'mode': stat.filemode(s.st_mode), 'owner': [s.st_uid, s.st_gid], 'mtime': str(s.st_mtime_ns)}
        e['xattrs'] = {k: os.getxattr(full, k, follow_symlinks=False).hex() for k in sorted(os.listxattr(full, follow_symlinks=False))}
        if stat.S_ISREG(s.st_mode): e['content'] = hashlib.sha256(open(full, 'rb').read()).hexdigest()
        if stat.S_ISLNK(s.st_mode): e['target'] = os.readlink(full)
        if stat.S_ISCHR(s.st_mode) or stat.S_ISBLK(s.st_mode): e['device'] = [os.major(s.st_rdev), os.minor(s.st_rdev)]
        if not stat.S_ISDIR(s.st_mode): names.setdefault(s.st_ino, []).append(path); e['ino'] = s.st_ino
        out[path] = e
for e in out.values():
    if 'ino' in e: e['names'] = sorted(names[e.pop('ino')])
print(json.dumps(out, sort_keys=True))`;

/** Everything below a folder as the kernel shows it, by path. */
export async function snapshot(root: string): Promise<Record<string, unknown>> {
  const { stdout } = await run('python3', ['-c', SNAPSHOT, root], { maxOutputBytes: 2 ** 28 });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Lets e2fsck judge the partition of a disk. */
export async function fsck(disk: DiskFile, folder: string): Promise<void> {
  const raw = join(folder, 'fsck.raw');
  await run('qemu-img', ['convert', '-f', disk.format, '-O', 'raw', disk.path, raw]);
  try {
    await run('e2fsck', ['-fn', `${raw}?offset=${START}`]);
  } finally {
    await rm(raw, { force: true });
  }
}
