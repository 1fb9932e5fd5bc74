/** An entry of an initramfs. */
export interface CpioEntry {
  readonly path: string;
  /** With the type bits, as `stat` has it. */
  readonly mode: number;
  readonly content?: Uint8Array;
  /** Numbers of a device node. */
  readonly device?: { readonly major: number; readonly minor: number };
}

const padded = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);

function entryBytes(entry: CpioEntry, inode: number): Buffer {
  const content = Buffer.from(entry.content ?? []);
  const name = Buffer.from(`${entry.path}\0`);
  const { major = 0, minor = 0 } = entry.device ?? {};
  const links = 1;
  // inode, mode, uid, gid, links, mtime, size, device, device of a node, name size, checksum
  const fields = [inode, entry.mode, 0, 0, links, 0, content.length, 0, 0, major, minor];
  const header = [...fields, name.length, 0].map((n) => n.toString(16).padStart(8, '0')).join('');
  return Buffer.concat([
    padded(Buffer.concat([Buffer.from(`070701${header}`), name])),
    padded(content),
  ]);
}

/** A cpio archive of the kind that the kernel unpacks, with fixed times and owners. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const all = [...entries, { path: 'TRAILER!!!', mode: 0 }];
  return Buffer.concat(all.map((entry, i) => entryBytes(entry, i + 1)));
}
