import {
  chmod,
  chown,
  link,
  lutimes,
  mkdir,
  open,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/host/run.ts';
import { setXattr, writePattern } from './ext4.ts';

/** An access list as getxattr gives it: a named user beside the usual entries. */
export const ACL =
  '0200000001000600ffffffff02000700e803000004000400ffffffff10000700ffffffff20000400ffffffff';

/** Puts one of everything that a Linux system has into a mounted file system. */
export async function fillVolume(root: string): Promise<void> {
  const at = (name: string) => join(root, name);
  await writeFile(at('empty'), '');
  await writePattern(at('large'), 5_000_001);
  await chmod(at('large'), 0o4755);
  await chown(at('large'), 70_000, 80_000);
  await utimes(at('large'), 1_700_000_000.25, 1_700_000_000.123456);
  await run('touch', ['-d', '1969-12-31T23:59:50.000000001Z', at('empty')]);
  const sparse = await open(at('sparse'), 'w');
  for (const position of [0, 700_000, 40_000_000]) await sparse.write('here', position);
  await sparse.close();
  await truncate(at('sparse'), 50_000_123);
  // File systems without extents have no reserved space.
  await run('fallocate', ['-l', '300000', at('reserved')], { okCodes: [0, 1] });
  await writeFile(at('reserved'), 'starts', { flag: 'r+' });
  await link(at('large'), at('other name'));
  await symlink('short', at('fast'));
  await symlink('x/'.repeat(150), at('slow'));
  await symlink('x'.repeat(59), at('fast59'));
  await symlink('x'.repeat(60), at('slow60'));
  await lutimes(at('fast'), 5, 1_600_000_000);
  await run('mknod', [at('null'), 'c', '1', '3']);
  await run('mknod', [at('large-numbers'), 'b', '300', '70000']);
  await run('mkfifo', ['-m', '640', at('fifo')]);
  let deep = root;
  for (let i = 0; i < 60; i += 1) {
    deep = join(deep, `level-${i}`);
    await mkdir(deep);
  }
  await writeFile(join(deep, 'bottom'), 'deep');
  for (const name of ['Grüße', '日本語', 'a b"c\\d', 'ends ', '-x', '<12>', 'n'.repeat(255)]) {
    await writeFile(at(name), name);
  }
  await mkdir(at('many'));
  await Promise.all(Array.from({ length: 5000 }, (_, i) => writeFile(at(`many/entry-${i}`), '')));
  await run('setcap', ['cap_net_raw,cap_setuid=ep', at('empty')]);
  await setXattr(at('large'), 'user.small', '6869');
  await setXattr(at('large'), 'user.empty', '');
  await setXattr(at('large'), 'trusted.block', 'ab'.repeat(700));
  await setXattr(at('slow'), 'trusted.link', '00ff');
  await setXattr(at('large'), 'system.posix_acl_access', ACL);
  await setXattr(at('many'), 'system.posix_acl_default', ACL);
}
