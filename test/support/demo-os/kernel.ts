import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Run } from '../../../src/host/run.ts';

const META_PACKAGE = 'linux-image-cloud-amd64';

/** Drivers that a machine of ours needs; what they depend on is found in the modules themselves. */
const DRIVERS = ['virtio_pci', 'virtio_blk', 'virtio_net', 'button', 'evdev'];

/** The kernel package that Debian offers now. */
export interface KernelPackage {
  readonly name: string;
  readonly version: string;
}

/** A kernel and its drivers in the order in which they must be loaded. */
export interface Kernel {
  readonly image: Uint8Array;
  readonly modules: readonly { readonly name: string; readonly content: Uint8Array }[];
}

/** The environment of apt: it may need the proxy of the user. */
function aptEnvironment(): Record<string, string> {
  const set = Object.entries(process.env).filter(([, value]) => value !== undefined);
  return { ...(Object.fromEntries(set) as Record<string, string>), LC_ALL: 'C.UTF-8' };
}

/** Asks apt which kernel is the current one. */
export async function currentKernel(run: Run): Promise<KernelPackage> {
  const { stdout } = await run('apt-cache', ['show', '--no-all-versions', META_PACKAGE], {
    okCodes: [0, 100],
  });
  const match = /^Depends: (linux-image-[a-z0-9.-]+) \(= ([^)]+)\)/m.exec(stdout);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new Error(`apt does not know ${META_PACKAGE}: run "apt-get update" as root`);
  }
  return { name: match[1], version: match[2] };
}

/** Modules that a module needs, as it says itself. */
function dependencies(module: Uint8Array): readonly string[] {
  const text = Buffer.from(module).toString('latin1');
  const list = /\0depends=([^\0]*)\0/.exec(text)?.[1] ?? '';
  return list.split(',').filter((name) => name !== '');
}

async function loadOrder(folder: string): Promise<Kernel['modules']> {
  const files = await readdir(folder, { recursive: true });
  const paths = new Map(
    files.filter((file) => file.endsWith('.ko')).map((file) => [basename(file, '.ko'), file]),
  );
  const ordered = new Map<string, Uint8Array>();
  const add = async (name: string): Promise<void> => {
    const path = paths.get(name);
    // What is no file is built into the kernel.
    if (path === undefined || ordered.has(name)) return;
    const content = await readFile(join(folder, path));
    for (const needed of dependencies(content)) await add(needed);
    ordered.set(name, content);
  };
  for (const driver of DRIVERS) await add(driver);
  return [...ordered].map(([name, content]) => ({ name: `${name}.ko`, content }));
}

/** Fetches a kernel package, checked by apt, and takes out what a disk needs. Installs nothing. */
export async function fetchKernel(
  run: Run,
  wanted: KernelPackage,
  scratch: string,
): Promise<Kernel> {
  await run('apt-get', ['download', '-q', `${wanted.name}=${wanted.version}`], {
    cwd: scratch,
    env: aptEnvironment(),
  });
  const archive = (await readdir(scratch)).find((name) => name.endsWith('.deb'));
  if (archive === undefined) throw new Error(`apt-get download left no file for ${wanted.name}`);
  const unpacked = join(scratch, 'kernel');
  await run('dpkg-deb', ['-x', join(scratch, archive), unpacked]);
  const release = wanted.name.replace('linux-image-', '');
  return {
    image: await readFile(join(unpacked, 'boot', `vmlinuz-${release}`)),
    modules: await loadOrder(join(unpacked, 'lib/modules', release)),
  };
}
