import type { ByteSource } from '../../images/source.ts';
import type { DirEntry, NodeMeta, Piece, Range, VolumeReader } from '../volume.ts';
import { BlockCache } from './block-cache.ts';
import { piecesOf, runsOf } from './content.ts';
import { listDirectory } from './directory.ts';
import { damaged } from './failures.ts';
import { readGroups, type Group } from './groups.ts';
import { deviceOf, mtimeOf, parseInode, typeOf, type Inode } from './inode.ts';
import type { MapContext, Run } from './map-context.ts';
import { placeOf } from './place.ts';
import { readSuperblock, type Superblock } from './superblock.ts';
import { targetOf } from './symlink.ts';
import { xattrsOf } from './xattrs.ts';

const ROOT = 2;
const LISTINGS = 64;

/** A reader of ext2, ext3 and ext4, straight from the bytes of a partition. */
export class Ext4Volume implements VolumeReader {
  readonly rootInode = ROOT;
  readonly superblock: Superblock;
  readonly groups: readonly Group[];
  private readonly source: ByteSource;
  private readonly context: MapContext;
  private readonly listings = new Map<number, ReadonlyMap<string, number>>();

  constructor(source: ByteSource) {
    this.source = source;
    this.superblock = readSuperblock(source);
    this.groups = readGroups(source, this.superblock);
    this.context = { sb: this.superblock, cache: new BlockCache(source) };
  }

  get blockSize(): number {
    return this.superblock.blockSize;
  }

  get isFull(): boolean {
    const { blocks, freeBlocks, freeInodes } = this.superblock;
    // What Linux keeps back even from root, and room for one small file.
    const kept = Math.min(Math.floor(blocks / 50), 4096) + 16;
    return freeInodes === 0 || freeBlocks <= kept;
  }

  *inodes(): Generator<number> {
    const sb = this.superblock;
    const hidden = new Set([sb.orphanInode, sb.projectQuotaInode]);
    for (const number of this.allocated()) {
      if ((number !== ROOT && number < sb.firstInode) || hidden.has(number)) continue;
      const { start } = this.record(number);
      if (this.context.cache.view(start + 0x1a, 2).readUInt16LE(0) > 0) yield number;
    }
  }

  /** All inodes in use, those of the file system's own files included. */
  *allocated(): Generator<number> {
    const { inodesPerGroup, blockSize } = this.superblock;
    for (const [index, group] of this.groups.entries()) {
      if (group.noInodes) continue;
      const bitmap = Buffer.alloc(blockSize);
      this.source.readInto(group.inodeBitmap * blockSize, bitmap);
      const used = inodesPerGroup - group.unusedInodes;
      for (let i = 0; i < used; i += 1) {
        const byte = bitmap[i >>> 3] ?? 0;
        if (byte === 0) i |= 7;
        else if ((byte & (1 << (i & 7))) !== 0) yield index * inodesPerGroup + i + 1;
      }
    }
  }

  record(inode: number): Range {
    const { inodesPerGroup, inodeSize, blockSize } = this.superblock;
    const group = this.groups[Math.floor((inode - 1) / inodesPerGroup)];
    if (inode < 1 || group === undefined) throw damaged(`there is no inode ${inode}`);
    const within = (inode - 1) % inodesPerGroup;
    return { start: group.inodeTable * blockSize + within * inodeSize, length: inodeSize };
  }

  /** A name may lead to an inode that is not in use, whose blocks may be anybody's. */
  private checkUsed(inode: Inode): void {
    const { inodesPerGroup, blockSize } = this.superblock;
    const group = this.groups[Math.floor((inode.number - 1) / inodesPerGroup)];
    const within = (inode.number - 1) % inodesPerGroup;
    const at = (group?.inodeBitmap ?? 0) * blockSize + (within >>> 3);
    const bits = group?.noInodes === true ? 0 : this.context.cache.view(at, 1).readUInt8(0);
    if ((bits & (1 << (within & 7))) !== 0 && inode.links > 0) return;
    throw damaged(`a name leads to inode ${inode.number}, which is not in use`);
  }

  /** The decoded record of an inode. */
  inode(number: number): Inode {
    const { start, length } = this.record(number);
    const raw = Buffer.from(this.context.cache.view(start, length));
    return parseInode(this.superblock, number, raw);
  }

  /** A copy of a block. */
  block(number: number): Buffer {
    return Buffer.from(this.context.cache.view(number * this.blockSize, this.blockSize));
  }

  meta(inode: number): NodeMeta {
    const found = this.inode(inode);
    this.checkUsed(found);
    const type = typeOf(found);
    return {
      type,
      mode: found.mode & 0o7777,
      uid: found.raw.readUInt16LE(2) + found.raw.readUInt16LE(0x78) * 65536,
      gid: found.raw.readUInt16LE(0x18) + found.raw.readUInt16LE(0x7a) * 65536,
      sizeBytes: found.size,
      mtime: mtimeOf(this.superblock, found),
      links: found.links,
      ...(type === 'char' || type === 'block' ? { device: deviceOf(found) } : {}),
      ...(type === 'symlink' ? { target: targetOf(this.context, found) } : {}),
      xattrs: xattrsOf(this.context, found),
    };
  }

  list(directory: number): readonly DirEntry[] {
    const found = this.inode(directory);
    if (typeOf(found) !== 'directory') throw damaged(`inode ${directory} is no directory`);
    return listDirectory(this.context, found, () => placeOf(this.context, this, found));
  }

  lookup(path: string): number | undefined {
    let inode: number | undefined = ROOT;
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (inode === undefined || typeOf(this.inode(inode)) !== 'directory') return undefined;
      inode = this.listing(inode).get(name);
    }
    return inode;
  }

  private listing(directory: number): ReadonlyMap<string, number> {
    const known = this.listings.get(directory);
    if (known !== undefined) return known;
    const found = new Map(this.list(directory).map(({ name, inode }) => [name, inode]));
    const [oldest] = this.listings.keys();
    if (this.listings.size >= LISTINGS && oldest !== undefined) this.listings.delete(oldest);
    this.listings.set(directory, found);
    return found;
  }

  *pieces(inode: number): Generator<Piece> {
    const found = this.inode(inode);
    if (typeOf(found) !== 'file') throw damaged(`inode ${inode} is no regular file`);
    yield* piecesOf(this.context, this.source, found);
  }

  /** The blocks of an inode and of its map. */
  runs(inode: Inode): Generator<Run> {
    return runsOf(this.context, inode);
  }

  *ranges(inode: number): Generator<Range> {
    const found = this.inode(inode);
    const { blockSize } = this;
    if (found.xattrBlock !== 0) {
      yield { start: found.xattrBlock * blockSize, length: blockSize };
    }
    if (!hasBlocks(found)) return;
    for (const { physical, count } of runsOf(this.context, found)) {
      yield { start: physical * blockSize, length: count * blockSize };
    }
  }
}

/** True if the map of an inode is a map: devices and short links keep other things there. */
export function hasBlocks(inode: Inode): boolean {
  const type = typeOf(inode);
  if (type === 'symlink') return inode.size >= inode.map.length;
  return type === 'file' || type === 'directory';
}

/** Opens the file system of a partition; refuses what is unclean, damaged or unknown. */
export function openExt4(source: ByteSource): Ext4Volume {
  return new Ext4Volume(source);
}
