import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Run } from '../../../src/host/run.ts';
import { cpioArchive, type CpioEntry } from './cpio.ts';
import type { Kernel } from './kernel.ts';

/** What lies at a path of the root file system. All belongs to root. */
export type Node =
  | { readonly type: 'folder'; readonly mode: number }
  | { readonly type: 'file'; readonly mode: number; readonly content: Uint8Array }
  | { readonly type: 'link'; readonly to: string };

/** Paths without a leading slash. */
export type Tree = ReadonlyMap<string, Node>;

/** Folders that are empty, or whose mode is special. */
const FOLDERS: Readonly<Record<string, number>> = {
  'etc/rc0.d': 0o755,
  'etc/rc2.d': 0o755,
  dev: 0o755,
  home: 0o755,
  opt: 0o755,
  proc: 0o755,
  root: 0o700,
  run: 0o755,
  srv: 0o755,
  sys: 0o755,
  tmp: 0o1777,
  'usr/bin': 0o755,
  'usr/lib': 0o755,
  'usr/local/bin': 0o755,
  'usr/sbin': 0o755,
  'var/cache': 0o755,
  'var/lib': 0o755,
  'var/log': 0o755,
  'var/tmp': 0o1777,
};

const LINKS: Readonly<Record<string, string>> = {
  'etc/rc2.d/S10network': '../init.d/network',
  'sbin/halt': 'poweroff',
  'sbin/linuxrc': '/bin/busybox',
  'sbin/reboot': 'poweroff',
};

/** Names in busybox that the root file system has as files of its own. */
const OWN = new Set(['busybox', 'halt', 'init', 'linuxrc', 'poweroff', 'reboot']);

const RECIPE = import.meta.dirname;

/** Executable is what begins with `#!`: file modes of a checkout depend on the umask. */
function fileNode(content: Buffer): Node {
  const script = content.subarray(0, 2).toString('latin1') === '#!';
  return { type: 'file', mode: script ? 0o755 : 0o644, content };
}

async function ownFiles(): Promise<readonly (readonly [string, Node])[]> {
  const folder = join(RECIPE, 'root');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), fileNode(await readFile(path))] as const;
    }),
  );
}

const cpioFolder = (path: string): CpioEntry => ({ path, mode: 0o040755 });

const cpioFile = (path: string, content: Uint8Array): CpioEntry => ({
  path,
  mode: 0o100755,
  content,
});

/** What runs before the root file system is there: loads drivers and mounts it. */
async function initramfs(kernel: Kernel, busybox: Uint8Array): Promise<Buffer> {
  const order = kernel.modules.map(({ name }) => `${name}\n`).join('');
  return cpioArchive([
    ...['bin', 'dev', 'modules', 'root'].map(cpioFolder),
    { path: 'dev/console', mode: 0o020600, device: { major: 5, minor: 1 } },
    cpioFile('bin/busybox', busybox),
    cpioFile('init', await readFile(join(RECIPE, 'initramfs-init'))),
    cpioFile('modules/order', Buffer.from(order)),
    ...kernel.modules.map(({ name, content }) => cpioFile(`modules/${name}`, content)),
  ]);
}

/** The whole root file system, parents before children, in a fixed order. */
export async function rootTree(run: Run, kernel: Kernel): Promise<Tree> {
  const busybox = await readFile('/bin/busybox');
  const applets = (await run('/bin/busybox', ['--list'])).stdout.trim().split('\n');
  const nodes = new Map<string, Node>([
    ...Object.entries(FOLDERS).map(([path, mode]) => [path, { type: 'folder', mode }] as const),
    ...Object.entries(LINKS).map(([path, to]) => [path, { type: 'link', to }] as const),
    ...applets
      .filter((name) => !OWN.has(name))
      .map((name) => [`bin/${name}`, { type: 'link', to: 'busybox' }] as const),
    ...(await ownFiles()),
    ['bin/busybox', { type: 'file', mode: 0o755, content: busybox }],
    ['boot/vmlinuz', { type: 'file', mode: 0o644, content: kernel.image }],
    ['boot/initrd.img', { type: 'file', mode: 0o644, content: await initramfs(kernel, busybox) }],
  ]);
  for (const path of nodes.keys()) {
    for (let above = dirname(path); above !== '.'; above = dirname(above)) {
      if (!nodes.has(above)) nodes.set(above, { type: 'folder', mode: 0o755 });
    }
  }
  return new Map([...nodes].sort(([a], [b]) => (a < b ? -1 : 1)));
}
