import { impossible } from '../../core/failure.ts';
import { childPath } from '../delta/path.ts';
import { wantedMeta, type VolumeChange, type VolumeReader, type WantedMeta } from '../volume.ts';
import { holdsPut, type PutNode, type Slot } from './slot.ts';

/** Metadata of a directory that no layer describes but something lies in. */
const PLAIN_DIRECTORY: WantedMeta = {
  type: 'directory',
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtime: { seconds: 1, nanoseconds: 0 },
  xattrs: new Map(),
};

function inByteOrder(children: Slot['children']): readonly (readonly [string, Slot])[] {
  return [...children].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

interface OldNode {
  readonly inode: number | undefined;
  readonly meta: WantedMeta | undefined;
}

function impliedMeta(slot: Slot, old: WantedMeta | undefined): WantedMeta {
  return slot.opaque && old?.type === 'directory' ? old : PLAIN_DIRECTORY;
}

class Emission {
  private readonly base: VolumeReader;
  private readonly firstNames = new Map<PutNode, string>();

  constructor(base: VolumeReader) {
    this.base = base;
  }

  /** Changes for what is inside a directory; `inode` is the base's, if the base still shows. */
  *inside(slot: Slot, path: string, inode: number | undefined): Generator<VolumeChange> {
    const entries = inode === undefined ? [] : this.base.list(inode);
    const old = new Map(entries.map((entry) => [entry.name, entry.inode]));
    for (const [name, child] of inByteOrder(slot.children)) {
      yield* this.one(child, childPath(path, name), old.get(name));
    }
  }

  private *one(slot: Slot, path: string, inode: number | undefined): Generator<VolumeChange> {
    const meta = inode === undefined ? undefined : wantedMeta(this.base.meta(inode));
    if (!holdsPut(slot)) {
      yield* this.onlyRemovals(slot, path, inode);
    } else if (slot.put !== undefined && slot.put.node.meta.type !== 'directory') {
      if (meta?.type === 'directory') yield { op: 'remove', path };
      yield this.put(path, slot.put.node);
    } else {
      yield* this.directory(slot, path, { inode, meta });
    }
  }

  private *onlyRemovals(
    slot: Slot,
    path: string,
    inode: number | undefined,
  ): Generator<VolumeChange> {
    if (inode === undefined) return;
    const meta = wantedMeta(this.base.meta(inode));
    if (slot.closedBy >= 0) {
      yield { op: 'remove', path };
      if (slot.opaque && meta.type === 'directory') yield { op: 'put', path, meta };
    } else if (meta.type === 'directory') {
      yield* this.inside(slot, path, inode);
    }
  }

  private *directory(slot: Slot, path: string, old: OldNode): Generator<VolumeChange> {
    const { inode, meta } = old;
    const stays = meta?.type === 'directory' && slot.closedBy < 0;
    if (meta !== undefined && !stays) {
      if (slot.put === undefined && slot.closedBy < 0) throw misfit(path, meta.type);
      yield { op: 'remove', path };
    }
    const described = slot.put?.node.meta ?? (stays ? undefined : impliedMeta(slot, meta));
    if (described !== undefined) yield { op: 'put', path, meta: described };
    yield* this.inside(slot, path, stays ? inode : undefined);
  }

  private put(path: string, node: PutNode): VolumeChange {
    const to = this.firstNames.get(node);
    if (to !== undefined) return { op: 'link', path, to };
    this.firstNames.set(node, path);
    const { meta, content } = node;
    return { op: 'put', path, meta, ...(content === undefined ? {} : { content }) };
  }
}

function misfit(path: string, type: string) {
  return impossible(
    'LayerMisfit',
    `a layer has files in ${path}, which is a ${type} in this operating system`,
    'Package the layer on this version of the operating system.',
  );
}

/** The one list of changes that turns the OS volume into the merged one; every path is put once. */
export function mergedChanges(root: Slot, base: VolumeReader): Generator<VolumeChange> {
  return new Emission(base).inside(root, '/', base.rootInode);
}
