/** What a name in a file system stands for. */
export type NodeType = 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo' | 'socket';

/** Everything about one inode that a layer keeps. */
export interface NodeMeta {
  readonly type: NodeType;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtime: { readonly seconds: number; readonly nanoseconds: number };
  readonly links: number;
  /** Devices only. */
  readonly device?: { readonly major: number; readonly minor: number };
  /** Symbolic links only. */
  readonly target?: string;
  /** Full names such as `security.capability`, sorted. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/** One name in a directory; `.` and `..` are never listed. */
export interface DirEntry {
  readonly name: string;
  readonly inode: number;
}

/** A run of bytes. */
export interface Range {
  readonly start: number;
  readonly length: number;
}

/** A stored run of a file, of bounded size, whose bytes are read when they are asked for. */
export interface Piece extends Range {
  read(): Uint8Array;
}

/** Reading a file system straight from the bytes of its partition. Nothing is mounted. */
export interface VolumeReader {
  readonly rootInode: number;
  readonly blockSize: number;
  /** True if a program can write no new file of some length, not even as root. */
  readonly isFull: boolean;
  /** Inodes in use, ascending; one linear pass over the metadata. */
  inodes(): Iterable<number>;
  meta(inode: number): NodeMeta;
  list(directory: number): readonly DirEntry[];
  /** The inode at an absolute path, without following symbolic links; undefined if absent. */
  lookup(path: string): number | undefined;
  /** What is stored of a regular file, in order. Between, before and behind the pieces are zeros, however many. */
  pieces(inode: number): Iterable<Piece>;
  /** Byte ranges of the partition that hold this inode's data or its own metadata blocks. */
  ranges(inode: number): Iterable<Range>;
  /** Byte offset and length of the inode's own record. */
  record(inode: number): Range;
}

/** Where the bytes of a regular file come from. */
export type ContentSource =
  | { readonly from: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly from: 'file';
      readonly path: string;
      /** Runs outside of which the file is known to be zeros; all of it where absent. */
      readonly data?: readonly Range[];
    };

/** The part of NodeMeta that a writer sets; links and sizes follow from the content. */
export type WantedMeta = Omit<NodeMeta, 'sizeBytes' | 'links'>;

/**
 * One change to a volume. Paths are absolute and normalized. Changes are applied in order: parents
 * before children, `remove` before `put` of the same name. `put` of a directory that exists only sets
 * its metadata; `put` of anything else replaces what is there. `link` adds a name for a file.
 */
export type VolumeChange =
  | {
      readonly op: 'put';
      readonly path: string;
      readonly meta: WantedMeta;
      readonly content?: ContentSource;
    }
  | { readonly op: 'link'; readonly path: string; readonly to: string }
  | { readonly op: 'remove'; readonly path: string };

/** What a writer can set of what a reader sees. */
export function wantedMeta(meta: NodeMeta): WantedMeta {
  const { type, mode, uid, gid, mtime, xattrs, device, target } = meta;
  return {
    type,
    mode,
    uid,
    gid,
    mtime,
    xattrs,
    ...(device === undefined ? {} : { device }),
    ...(target === undefined ? {} : { target }),
  };
}
