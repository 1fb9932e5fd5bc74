import { Readable } from 'node:stream';
import fc from 'fast-check';
import type { DeltaItem } from '../../../../src/engine/delta/entry.ts';
import { readDelta } from '../../../../src/engine/delta/read.ts';
import { run } from '../../../../src/host/run.ts';
import { isFailure } from '../../../../src/core/failure.ts';
import { describe, expect, it } from '../../../support/runner.ts';
import { archive, gather, portions, put, unarchive } from './items.ts';

/** Lets Python write an archive that we never would. */
async function python(body: string): Promise<Buffer> {
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

describe('reading a hostile layer', () => {
  it.each([
    { why: 'an absolute path', body: "add('/etc/passwd')" },
    { why: 'a way out of the root', body: "add('a/../../x')" },
    { why: 'a leading dot', body: "add('./a')" },
    { why: 'a NUL in a name', body: "add('x', pax_headers={'path': 'a\\0b'})" },
    { why: 'a double slash', body: "add('a//b')" },
    { why: 'the same name twice', body: "add('a'); add('a')" },
    { why: 'entries out of order', body: "add('b'); add('a')" },
    {
      why: 'a link out of the root',
      body: "add('a'); add('b', type=tarfile.LNKTYPE, link='../a')",
    },
    {
      why: 'a link to an absolute path',
      body: "add('b', type=tarfile.LNKTYPE, link='/etc/shadow')",
    },
    { why: 'a link to what is not in the layer', body: "add('b', type=tarfile.LNKTYPE, link='a')" },
    {
      why: 'a link to a directory',
      body: "add('a', type=tarfile.DIRTYPE); add('b', type=tarfile.LNKTYPE, link='a')",
    },
    {
      why: 'a file below a symbolic link',
      body: "add('a', type=tarfile.SYMTYPE, link='/etc'); add('a/b')",
    },
    { why: 'a file below a file', body: "add('a'); add('a/b/c')" },
    { why: 'a removal of what is put', body: "add('.wh.a'); add('a')" },
    { why: 'a file below what is removed', body: "add('d/.wh.a'); add('d/a/b/c')" },
    { why: 'a removal of nothing', body: "add('d/.wh.')" },
    { why: 'a removal of a parent', body: "add('d/.wh...')" },
    { why: 'a removal of a marker', body: "add('d/.wh..wh.x')" },
    { why: 'a removal of the whole system', body: "add('.wh..wh..opq')" },
    { why: 'a removal with content', body: "add('.wh.a', b'x')" },
    { why: 'a removal that is a directory', body: "add('.wh.a', type=tarfile.DIRTYPE)" },
    { why: 'an unknown type', body: "add('a', type=b'Z')" },
    {
      why: 'a global header',
      body: "t.close(); out.truncate(0); out.seek(0); t = tarfile.open(fileobj=out, mode='w', format=tarfile.PAX_FORMAT, pax_headers={'mtime': '1'}); add('a')",
    },
    { why: 'GNU long names', body: "t.format = tarfile.GNU_FORMAT; add('n' * 150)" },
    { why: 'base-256 numbers', body: "t.format = tarfile.GNU_FORMAT; add('a', uid=2**31)" },
    { why: 'a negative size', body: "add('a', pax_headers={'size': '-5'})" },
    {
      why: 'a size that is no safe integer',
      body: "add('a', pax_headers={'size': '9007199254740993'})",
    },
    {
      why: 'a user that does not exist in ext4',
      body: "add('a', pax_headers={'uid': '4294967295'})",
    },
    { why: 'a time that is no number', body: "add('a', pax_headers={'mtime': 'soon'})" },
    { why: 'names nested too deep', body: "add('/'.join(['d'] * 300))" },
    { why: 'a name longer than 255 bytes', body: "add('n' * 256)" },
    {
      why: 'an extended header of more than 1 MiB',
      body: "add('a', pax_headers={'x': 'y' * 2**20})",
    },
    { why: 'a symbolic link to nothing', body: "add('a', type=tarfile.SYMTYPE)" },
    {
      why: 'a directory with content',
      body: "add('a', type=tarfile.DIRTYPE, pax_headers={'size': '512'})",
    },
  ])('refuses $why', async ({ body }) => {
    await expect(unarchive(portions(await python(body)))).rejects.toMatchObject({
      code: 'BadDelta',
      consequence: 'Impossible',
    });
  });

  it('takes what is only unusual', async () => {
    const bytes = await python(
      "add('.wh.b'); add('a', pax_headers={'SOMEONE.key': 'value'}, mtime=1.5); add('c', type=tarfile.SYMTYPE, link='../../etc')",
    );
    const changes = await unarchive(portions(bytes));
    expect(changes).toMatchObject([
      { change: { op: 'whiteout', path: '/b' } },
      {
        change: {
          op: 'put',
          path: '/a',
          meta: { mtime: { seconds: 1, nanoseconds: 500_000_000 } },
        },
      },
      { change: { op: 'put', path: '/c', meta: { type: 'symlink', target: '../../etc' } } },
    ]);
  });

  it('stops at its limits, before it reads the content', async () => {
    const bytes = await archive([put('/a', 'file', 'x'.repeat(1000)), put('/b', 'file')]);
    const read = (limits: { entries: number; contentBytes: number }) =>
      gather(readDelta(portions(bytes), limits));
    await expect(read({ entries: 1, contentBytes: 5000 })).rejects.toMatchObject({
      code: 'BadDelta',
    });
    await expect(read({ entries: 9, contentBytes: 999 })).rejects.toMatchObject({
      code: 'BadDelta',
    });
    expect(await read({ entries: 2, contentBytes: 1000 })).toHaveLength(2);
  });

  it('fails in one way only, whatever is cut or flipped', async () => {
    const items: readonly DeltaItem[] = [
      { change: { op: 'whiteout', path: '/gone' } },
      put('/a', 'file', 'content', { xattrs: new Map([['user.x', Buffer.from([1, 2])]]) }),
      put('/ä', 'directory', '', { mtime: { seconds: 5, nanoseconds: 7 } }),
    ];
    const good = await archive(items);
    const damage = fc.record({
      at: fc.nat(good.length - 1),
      flip: fc.integer({ min: 1, max: 255 }),
      cut: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ at, flip, cut }) => {
        const bytes = Buffer.from(good);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const hurt = cut ? bytes.subarray(0, at) : bytes;
        try {
          await unarchive(portions(hurt));
          expect(cut).toBe(false);
        } catch (error) {
          if (!isFailure(error)) throw error;
          expect(error.code).toBe('BadDelta');
        }
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it('closes its source when the consumer stops', async () => {
    const source = Readable.from(
      portions(await archive([put('/a', 'file', 'x'), put('/b', 'file')])),
    );
    for await (const { change } of readDelta(source)) {
      expect(change.path).toBe('/a');
      break;
    }
    expect(source.destroyed).toBe(true);
  });
});

describe('writing what a layer cannot hold', () => {
  it.each([
    { why: 'a name that means a removal', item: put('/d/.wh.x', 'file') },
    { why: 'a directory of such a name', item: put('/.wh..wh.plnk/x', 'file') },
    { why: 'a socket', item: put('/run/s', 'socket') },
    { why: 'half a surrogate pair', item: put('/a\ud800', 'file') },
    { why: 'a relative path', item: put('a', 'file') },
  ])('refuses $why', async ({ item }) => {
    await expect(archive([item])).rejects.toMatchObject({ code: 'UnstorableName' });
  });

  it('refuses content that is not as long as announced', async () => {
    const { change } = put('/a', 'file', '12345');
    for (const text of ['1234', '123456']) {
      await expect(archive([{ change, content: () => [Buffer.from(text)] }])).rejects.toMatchObject(
        {
          code: 'BadDelta',
        },
      );
    }
  });
});
