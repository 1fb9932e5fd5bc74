import type { NodeType, WantedMeta } from '../../volume.ts';
import { isIndexed } from '../inode.ts';
import type { Ext4Volume } from '../reader.ts';
import type { TouchedDirectory, WritePlan } from './plan.ts';
import { Script } from './script.ts';
import { countFewer } from './shared-attributes.ts';
import { DIRECTORY_WASTE, entryBytes } from './space.ts';
import type { Spool } from './spool.ts';
import type { WantedNode } from './wanted-node.ts';
import { quoted } from './words.ts';

const TYPE_BITS: Readonly<Record<NodeType, number>> = {
  fifo: 0o010000,
  char: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
};

/** A name in the root directory for a moment. */
const HOLDER = '.lamina-attributes';

/** Frees a block of attributes: it becomes the only content of a file that is made to be killed. */
function freeBlock(script: Script, block: number): void {
  const at = quoted(`./${HOLDER}`);
  script.line(`mknod ${quoted(HOLDER)} p`);
  script.line(`sif ${at} mode 0${TYPE_BITS.file.toString(8)}`);
  script.line(`sif ${at} flags 0`);
  script.line(`sif ${at} block[0] ${block}`);
  script.line(`sif ${at} links_count 0`);
  script.line(`kill_file ${at}`);
  script.line(`unlink ${quoted(HOLDER)}`);
}

/** `kill_file` frees what an inode holds, but not its block of attributes, which others may share. */
function freeAttributes(script: Script, killed: readonly number[], volume: Ext4Volume): void {
  const withBlock = killed.filter((inode) => volume.inode(inode).xattrBlock !== 0);
  if (withBlock.length === 0) return;
  script.enter('/');
  for (const [block, users] of Map.groupBy(withBlock, (inode) => volume.inode(inode).xattrBlock)) {
    const counted = countFewer(volume, block, users.length);
    if (counted.length === 0) freeBlock(script, block);
    for (const line of counted) script.line(line);
  }
  for (const inode of withBlock) script.line(`sif <${inode}> file_acl 0`);
}

function removals(script: Script, plan: WritePlan, volume: Ext4Volume): void {
  for (const { path, unlinked } of plan.directories) {
    if (unlinked.length === 0) continue;
    script.enter(path);
    for (const name of unlinked) script.line(`unlink ${quoted(name)}`);
  }
  freeAttributes(script, plan.killed, volume);
  for (const inode of plan.killed) {
    script.line(`sif <${inode}> links_count 0`);
    script.line(`kill_file <${inode}>`);
  }
}

function deviceLines(name: string, kind: string, meta: WantedMeta | undefined): readonly string[] {
  const { major = 0, minor = 0 } = meta?.device ?? {};
  const at = quoted(`./${name}`);
  const make = `mknod ${quoted(name)} ${kind} 0 0`;
  // The encodings of the kernel: 16 bits in the first word, or 32 bits in the second.
  if (major < 256 && minor < 256) return [make, `sif ${at} block[0] ${major * 256 + minor}`];
  const wide = (minor & 0xff) + major * 256 + Math.floor(minor / 256) * 2 ** 20;
  return [make, `sif ${at} block[0] 0`, `sif ${at} block[1] ${wide}`];
}

const CREATE: Readonly<Record<NodeType, (name: string, node: WantedNode) => readonly string[]>> = {
  directory: (name) => [`mkdir ${quoted(name)}`],
  file: (name, { content }) => [`write ${quoted(content?.path ?? '/dev/null')} ${quoted(name)}`],
  symlink: (name, { meta }) => [`symlink ${quoted(name)} ${quoted(meta?.target ?? '')}`],
  fifo: (name) => [`mknod ${quoted(name)} p`],
  // Sockets were refused before; debugfs cannot make them.
  socket: () => [],
  char: (name, { meta }) => deviceLines(name, 'c', meta),
  block: (name, { meta }) => deviceLines(name, 'b', meta),
};

/** The two halves in which an inode keeps a time: 32 bits, then epoch and nanoseconds. */
function timeFields(mtime: WantedMeta['mtime']): { readonly low: number; readonly extra: number } {
  const low = mtime.seconds >>> 0;
  const epoch = (mtime.seconds - (mtime.seconds | 0)) / 2 ** 32;
  return { low, extra: mtime.nanoseconds * 4 + epoch };
}

class Commands {
  readonly script: Script;
  private readonly volume: Ext4Volume;
  private readonly plan: WritePlan;
  private readonly spool: Spool;
  private readonly firstPath = new Map<WantedNode, string>();

  constructor(volume: Ext4Volume, plan: WritePlan, spool: Spool) {
    this.volume = volume;
    this.plan = plan;
    this.spool = spool;
    // A fixed time, so that equal changes to equal disks give equal bytes.
    const time = Math.max(1, volume.superblock.writtenSeconds);
    this.script = new Script(`set_current_time @${time}`);
  }

  async all(): Promise<readonly string[]> {
    removals(this.script, this.plan, this.volume);
    for (const directory of this.plan.directories) await this.create(directory);
    for (const directory of this.plan.directories) this.linkNames(directory);
    for (const { path, node } of this.plan.directories) {
      if (node.meta === undefined) continue;
      this.script.enter(path);
      await this.metadata('.', node);
    }
    for (const [inode, links] of this.plan.links) {
      this.script.line(`sif <${inode}> links_count ${links}`);
    }
    return this.script.scripts();
  }

  private async create({ path, added }: TouchedDirectory): Promise<void> {
    for (const [name, node] of added) {
      if (node.inode !== undefined || this.firstPath.has(node)) continue;
      const full = path === '/' ? `/${name}` : `${path}/${name}`;
      this.firstPath.set(node, full);
      this.script.enter(path);
      for (const line of CREATE[node.type](name, node)) this.script.line(line);
      if (node.type !== 'directory') await this.metadata(quoted(`./${name}`), node);
      const names = this.plan.names.get(node) ?? 1;
      if (names > 1) this.script.line(`sif ${quoted(`./${name}`)} links_count ${names}`);
    }
  }

  /**
   * Further names of files. `ln` never grows a plain directory, so room is made before. It does grow
   * an indexed one, where a block from outside the index would be damage.
   */
  private linkNames({ path, node: parent, added }: TouchedDirectory): void {
    const links = added.filter(([name, node]) => {
      const full = path === '/' ? `/${name}` : `${path}/${name}`;
      return node.inode !== undefined || this.firstPath.get(node) !== full;
    });
    if (links.length === 0) return;
    this.script.enter(path);
    if (parent.inode === undefined || !isIndexed(this.volume.inode(parent.inode))) {
      const room = entryBytes(links.map(([name]) => name));
      const blocks = Math.ceil(room / (this.volume.blockSize - DIRECTORY_WASTE));
      for (let i = 0; i < blocks; i += 1) this.script.line('expand_dir .');
    }
    for (const [name, node] of links) {
      const source = node.inode === undefined ? this.firstPath.get(node) : `<${node.inode}>`;
      if (source === undefined) throw new TypeError(`${path} names a file that was never created`);
      this.script.line(`ln ${quoted(source)} ${quoted(name)}`);
    }
  }

  private async metadata(at: string, node: WantedNode): Promise<void> {
    const { meta, inode } = node;
    if (meta === undefined) return;
    const set = (field: string, value: string) => this.script.line(`sif ${at} ${field} ${value}`);
    const isNew = inode === undefined;
    set('mode', `0${(TYPE_BITS[meta.type] + meta.mode).toString(8)}`);
    if (!isNew || meta.uid !== 0) set('uid', String(meta.uid));
    if (!isNew || meta.gid !== 0) set('gid', String(meta.gid));
    const { low, extra } = timeFields(meta.mtime);
    set('mtime', `@${low}`);
    if (this.volume.superblock.inodeSize > 128) set('mtime_extra', String(extra));
    const present = isNew ? undefined : this.volume.meta(inode).xattrs;
    await this.attributes(at, meta.xattrs, present);
  }

  private async attributes(
    at: string,
    wanted: WantedMeta['xattrs'],
    present: WantedMeta['xattrs'] = new Map(),
  ): Promise<void> {
    for (const name of present.keys()) {
      if (!wanted.has(name)) this.script.line(`ea_rm ${at} ${quoted(name)}`);
    }
    for (const [name, value] of wanted) {
      if (Buffer.compare(value, present.get(name) ?? OTHER) === 0) continue;
      const file = await this.spool.value(value);
      this.script.line(`ea_set -f ${quoted(file)} ${at} ${quoted(name)}`);
    }
  }
}

/** Longer than any attribute, so that it equals none. */
const OTHER = Buffer.alloc(2 ** 16 + 1);

/** The debugfs scripts that carry out a plan. */
export function writeCommands(
  volume: Ext4Volume,
  plan: WritePlan,
  spool: Spool,
): Promise<readonly string[]> {
  return new Commands(volume, plan, spool).all();
}
