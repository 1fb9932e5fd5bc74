import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Run } from '../../../src/host/run.ts';
import type { Node, Tree } from './tree.ts';

const UUID = '5eed0000-0000-4000-8000-00000000ba5e';
/** Fixed, or the same recipe would never give the same bytes twice. */
const ENVIRONMENT = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
  E2FSPROGS_FAKE_TIME: '1700000000',
  // Not the host's defaults, which differ by release and may be newer than GRUB.
  MKE2FS_CONFIG: '/dev/null',
};
const FEATURES = [
  'none',
  'has_journal,ext_attr,dir_index,filetype,extent,64bit,flex_bg,sparse_super',
  'large_file,huge_file,dir_nlink,extra_isize,metadata_csum',
].join(',');

const octal = (mode: number): string => `0${mode.toString(8)}`;

/** Commands of debugfs for one node. Bare names after `cd`: it makes entries named after paths. */
function commands(path: string, node: Node, staged: string): readonly string[] {
  const name = basename(path);
  const into = `cd /${dirname(path) === '.' ? '' : dirname(path)}`;
  switch (node.type) {
    case 'folder':
      return [into, `mkdir ${name}`, `sif ${name} mode ${octal(0o040000 | node.mode)}`];
    case 'file':
      return [into, `write ${staged} ${name}`, `sif ${name} mode ${octal(0o100000 | node.mode)}`];
    case 'link':
      return [into, `symlink ${name} ${node.to}`];
  }
}

async function stage(tree: Tree, scratch: string): Promise<ReadonlyMap<string, string>> {
  const folder = join(scratch, 'files');
  await mkdir(folder);
  const staged = new Map<string, string>();
  for (const [path, node] of tree) {
    if (node.type !== 'file') continue;
    const file = join(folder, String(staged.size));
    await writeFile(file, node.content);
    staged.set(path, file);
  }
  return staged;
}

/** debugfs exits with 0 whatever fails: only silence is success. */
async function runDebugfs(run: Run, image: string, script: string): Promise<void> {
  const { stdout, stderr } = await run('debugfs', ['-w', '-f', script, image], {
    env: ENVIRONMENT,
  });
  const expected = /^(debugfs 1\.|debugfs: |Allocated inode: \d+$|$)/;
  const bad = `${stderr}\n${stdout}`.split('\n').filter((line) => !expected.test(line));
  if (bad.length > 0) throw new Error(`debugfs said: ${bad.slice(0, 5).join(' | ')}`);
}

/** Writes an ext4 file system with this tree into a new file, without mount or root. */
export async function makeFileSystem(
  run: Run,
  tree: Tree,
  options: { readonly image: string; readonly sizeBytes: number; readonly scratch: string },
): Promise<void> {
  const { image, sizeBytes, scratch } = options;
  await writeFile(image, '');
  await truncate(image, sizeBytes);
  const settings = ['-b', '4096', '-I', '256', '-i', '16384', '-m', '0', '-O', FEATURES];
  const identity = ['-U', UUID, '-E', `root_owner=0:0,hash_seed=${UUID}`, '-L', 'demo'];
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', ...settings, ...identity, image], {
    env: ENVIRONMENT,
  });
  const staged = await stage(tree, scratch);
  const lines = [...tree].flatMap(([path, node]) => commands(path, node, staged.get(path) ?? ''));
  const script = join(scratch, 'debugfs.txt');
  await writeFile(script, `${lines.join('\n')}\n`);
  await runDebugfs(run, image, script);
  await run('e2fsck', ['-fn', image], { env: ENVIRONMENT });
}
