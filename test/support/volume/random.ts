import type { Random } from '../../../src/core/clock.ts';
import { plain, type MemoryVolume } from './memory.ts';

const NAMES = ['a', 'b', 'c', 'd', '.x', 'ä'];

function somePath(random: Random): string {
  const depth = 1 + Math.floor(random() * 3);
  const name = () => NAMES[Math.floor(random() * NAMES.length)] ?? 'a';
  return `/${Array.from({ length: depth }, name).join('/')}`;
}

/** Does `count` random things to a volume, as a guest would. */
export function disturb(volume: MemoryVolume, random: Random, count: number): void {
  const text = () => 'x'.repeat(Math.floor(random() * 9000)) + String(random());
  const acts: ((path: string) => void)[] = [
    (path) => volume.hasParent(path) && volume.write(path, text()),
    (path) => volume.hasParent(path) && volume.write(path, text()),
    (path) => volume.hasParent(path) && volume.mkdir(path),
    (path) => volume.hasParent(path) && volume.mkdir(path),
    (path) => volume.overwriteSilently(path, random() < 0.5 ? 'y' : 'z'),
    (path) => volume.remove(path),
    (path) => volume.rename(path, somePath(random)),
    (path) => volume.rename(path, somePath(random)),
    (path) => {
      const other = somePath(random);
      if (volume.hasParent(other)) volume.link(other, path);
    },
    (path) => volume.setMeta(path, { mode: Math.floor(random() * 0o777) }),
    (path) =>
      volume.setMeta(path, { xattrs: new Map([['user.n', Buffer.from(String(random()))]]) }),
    (path) => {
      if (!volume.hasParent(path)) return;
      volume.remove(path);
      volume.make(path, plain('symlink', { target: `t${random()}`, mode: 0o777 }));
    },
    (path) => {
      if (!volume.hasParent(path)) return;
      volume.remove(path);
      volume.make(path, plain('char', { device: { major: 1, minor: Math.floor(random() * 9) } }));
    },
    (path) => {
      // Replaced by an equal copy: only the time and the inode change.
      const inode = volume.lookup(path);
      if (inode === undefined || volume.meta(inode).type !== 'file') return;
      const text = volume.text(inode);
      const { mode, xattrs, mtime } = volume.meta(inode);
      volume.remove(path);
      volume.make(path, plain('file', { mode, xattrs }), text);
      volume.setMeta(path, { mtime });
    },
  ];
  for (let i = 0; i < count; i += 1) {
    acts[Math.floor(random() * acts.length)]?.(somePath(random));
  }
}
