import type { DeltaItem } from '../../../../src/engine/delta/entry.ts';
import { writeDelta } from '../../../../src/engine/delta/write.ts';
import { run } from '../../../../src/host/run.ts';
import { readDelta } from '../../../../src/engine/delta/read.ts';
import type { NodeType, WantedMeta } from '../../../../src/engine/volume.ts';

/** Metadata with everything plain that is not given. */
function meta(type: NodeType, more: Partial<WantedMeta> = {}): WantedMeta {
  const mode = type === 'directory' ? 0o755 : 0o644;
  return {
    type,
    mode,
    uid: 0,
    gid: 0,
    mtime: { seconds: 1_700_000_000, nanoseconds: 0 },
    xattrs: new Map(),
    ...more,
  };
}

/** An item that puts something. */
export function put(
  path: string,
  type: NodeType,
  content = '',
  more: Partial<WantedMeta> = {},
): DeltaItem {
  const bytes = Buffer.from(content);
  return {
    change: { op: 'put', path, meta: meta(type, more), sizeBytes: bytes.length },
    content: () => (bytes.length > 0 ? [bytes] : []),
  };
}

/** All that a stream gives. */
export async function gather<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of stream) all.push(one);
  return all;
}

/** The bytes of a layer. */
export async function archive(items: Iterable<DeltaItem>): Promise<Buffer> {
  return Buffer.concat(await gather(writeDelta(items)));
}

/** What a layer says, with content as latin1 text. */
export async function unarchive(stream: AsyncIterable<Uint8Array>): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for await (const { change, content } of readDelta(stream)) {
    const bytes = Buffer.concat(await gather(content)).toString('latin1');
    found.push(bytes === '' ? { change } : { change, bytes });
  }
  return found;
}

/** Bytes as a stream, in portions of an awkward size. */
export async function* portions(bytes: Uint8Array, size = 333): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Lets Python write an archive that we never would. */
export async function madeByPython(body: string): Promise<Buffer> {
  const script = `
import base64, io, tarfile
out = io.BytesIO()
t = tarfile.open(fileobj=out, mode='w', format=tarfile.PAX_FORMAT)
def add(name, data=b'', type=tarfile.REGTYPE, link='', **more):
    i = tarfile.TarInfo(name); i.size = len(data); i.type = type; i.linkname = link
    for k, v in more.items(): setattr(i, k, v)
    t.addfile(i, io.BytesIO(data))
${body}
t.close()
print(base64.b64encode(out.getvalue()).decode())`;
  const { stdout } = await run('python3', ['-c', script]);
  return Buffer.from(stdout, 'base64');
}
