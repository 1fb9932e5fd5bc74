/** A place that no layer takes from a packaging machine. */
export interface Exclusion {
  readonly path: string;
  /** `content` keeps the directory itself. */
  readonly what: 'tree' | 'content';
  readonly why: string;
}

/** Left out of every platform and app layer. New versions of an OS keep them, except our own tool. */
export const EXCLUSIONS: readonly Exclusion[] = [
  { path: '/var/lib/lamina', what: 'tree', why: 'the guest tool of the packaging machine' },
  { path: '/lost+found', what: 'tree', why: 'belongs to one file system' },
  { path: '/tmp', what: 'content', why: 'emptied at boot' },
  { path: '/var/tmp', what: 'content', why: 'leftovers of installers' },
  { path: '/run', what: 'content', why: 'state of running processes' },
  { path: '/var/run', what: 'content', why: 'state of running processes' },
  { path: '/proc', what: 'content', why: 'kernel file system' },
  { path: '/sys', what: 'content', why: 'kernel file system' },
  { path: '/dev', what: 'content', why: 'made at boot' },
  { path: '/swapfile', what: 'tree', why: 'memory of the packaging machine' },
  { path: '/swap.img', what: 'tree', why: 'memory of the packaging machine' },
  { path: '/etc/machine-id', what: 'tree', why: 'identity of one machine, made at first boot' },
  { path: '/var/lib/dbus/machine-id', what: 'tree', why: 'identity of one machine' },
  { path: '/var/lib/systemd/random-seed', what: 'tree', why: 'must never be the same twice' },
  { path: '/var/lib/urandom/random-seed', what: 'tree', why: 'must never be the same twice' },
  { path: '/var/lib/dhcp', what: 'content', why: 'addresses of the packaging machine' },
  {
    path: '/var/log/journal',
    what: 'content',
    why: 'named by machine-id, large and of no use elsewhere',
  },
];

/** Tells whether a path is left out. */
export function excludedBy(exclusions: readonly Exclusion[]): (path: string) => boolean {
  const trees = new Set(exclusions.filter(({ what }) => what === 'tree').map(({ path }) => path));
  const folders = exclusions.filter(({ what }) => what === 'content').map(({ path }) => `${path}/`);
  const inside = [...trees].map((path) => `${path}/`).concat(folders);
  return (path) => trees.has(path) || inside.some((prefix) => path.startsWith(prefix));
}
