import { readFile, stat } from 'node:fs/promises';
import { impossible } from '../../core/failure.ts';
import { childPath, nameOf, parentOf } from '../delta/path.ts';
import type { ContentSource, VolumeReader, WantedMeta } from '../volume.ts';
import { guestTaskFiles, type GuestWork } from './guest-task.ts';

/** Where the tool lives in a guest; never in any layer. */
export const GUEST_HOME = '/var/lib/lamina';

/** A file or symbolic link to put into the guest. */
export interface Injection {
  readonly path: string;
  readonly meta: WantedMeta;
  readonly sizeBytes: number;
  readonly content?: ContentSource;
}

const TOOL = new URL('../../guest/linux/', import.meta.url);
const EXECUTABLE: ReadonlySet<string> = new Set(['run', 'finish', 'S99lamina']);
// Not zero, which some tools take for "unknown"; constant, so that a composition repeats itself.
const MTIME = { seconds: 1, nanoseconds: 0 };

function meta(type: 'file' | 'symlink', mode: number, target?: string): WantedMeta {
  return {
    type,
    mode,
    uid: 0,
    gid: 0,
    mtime: MTIME,
    xattrs: new Map(),
    ...(target === undefined ? {} : { target }),
  };
}

async function sizeOf(content: ContentSource): Promise<number> {
  return content.from === 'bytes' ? content.bytes.length : (await stat(content.path)).size;
}

async function file(path: string, content: ContentSource, mode: number): Promise<Injection> {
  return { path, meta: meta('file', mode), sizeBytes: await sizeOf(content), content };
}

async function toolFile(name: string, path: string): Promise<Injection> {
  const bytes = await readFile(new URL(name, TOOL));
  return file(path, { from: 'bytes', bytes }, EXECUTABLE.has(name) ? 0o755 : 0o644);
}

const UNIT = '/etc/systemd/system/lamina.service';

async function hooks(base: VolumeReader): Promise<readonly Injection[]> {
  const has = (path: string) => base.lookup(path) !== undefined;
  if (has('/usr/lib/systemd/systemd') || has('/lib/systemd/systemd')) {
    const link = childPath('/etc/systemd/system/multi-user.target.wants', nameOf(UNIT));
    return [
      await toolFile('lamina.service', UNIT),
      { path: link, meta: meta('symlink', 0o777, `../${nameOf(UNIT)}`), sizeBytes: 0 },
    ];
  }
  const folder = ['/etc/rc2.d', '/etc/rcS.d'].find(has);
  if (folder !== undefined) return [await toolFile('S99lamina', childPath(folder, 'S99lamina'))];
  throw impossible(
    'NoStartHook',
    'the operating system has neither systemd nor a folder of start scripts (/etc/rc2.d, /etc/rcS.d)',
    'Add systemd, or a folder /etc/rcS.d whose scripts S* run at boot, to the operating system.',
  );
}

/** All that the guest needs for its work, in the places this operating system looks at. */
export async function injections(
  base: VolumeReader,
  work: GuestWork,
  nonce: string,
): Promise<readonly Injection[]> {
  const task = guestTaskFiles(work, nonce).map(({ name, content }) =>
    // Scripts may hold licence keys, so only root reads them.
    file(childPath(GUEST_HOME, name), content, name.includes('/') ? 0o600 : 0o644),
  );
  const tool = ['lib.sh', 'run', 'finish'].map((name) =>
    toolFile(name, childPath(GUEST_HOME, name)),
  );
  return [...(await Promise.all([...tool, ...task])), ...(await hooks(base))];
}

/** Every directory above a path, the outermost first, without the root. */
export function ancestors(path: string): readonly string[] {
  const parent = parentOf(path);
  return parent === '/' ? [] : [...ancestors(parent), parent];
}
