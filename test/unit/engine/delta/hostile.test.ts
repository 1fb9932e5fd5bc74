import { Readable } from 'node:stream';
import fc from 'fast-check';
import { encodeChange } from '../../../../src/engine/delta/encode.ts';
import type { DeltaItem } from '../../../../src/engine/delta/entry.ts';
import { readDelta } from '../../../../src/engine/delta/read.ts';
import { isFailure } from '../../../../src/core/failure.ts';
import { describe, expect, it } from '../../../support/runner.ts';
import { property } from '../../../support/soak.ts';
import { archive, gather, madeByPython, portions, put, unarchive } from './items.ts';

const HEAD = "'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': ";

const sparse = (path: string): DeltaItem => {
  const { change } = put(path, 'file', 'x'.repeat(200_000));
  const data = () => [
    { start: 0, length: 3 },
    { start: 100_000, length: 700 },
  ];
  return { change, data, content: () => [Buffer.alloc(703, 'y')] };
};

/** A file with holes whose runs, as text, are given; 100 bytes of data follow. */
const holes = (text: string, size = '99999', name = 'a') =>
  `add('./GNUSparseFile.0/a', b'${text}'.ljust(512, b'\\0') + b'x' * 100, pax_headers={${HEAD}'${name}', 'GNU.sparse.realsize': '${size}'})`;

/** What the records and the runs of a file with holes can claim. */
const SPARSE_LIES = [
  { why: 'runs that overlap', body: holes('3\\n0\\n60\\n50\\n40\\n99999\\n0\\n') },
  { why: 'runs out of order', body: holes('3\\n70\\n60\\n0\\n40\\n99999\\n0\\n') },
  { why: 'a run outside of the file', body: holes('1\\n99950\\n100\\n') },
  { why: 'a run that is longer than what follows', body: holes('2\\n0\\n101\\n99999\\n0\\n') },
  { why: 'a run that is shorter', body: holes('2\\n0\\n99\\n99999\\n0\\n') },
  { why: 'empty runs', body: holes('3\\n5\\n0\\n7\\n100\\n99999\\n0\\n') },
  { why: 'an end that is not told', body: holes('1\\n0\\n100\\n') },
  { why: 'more runs than there are bytes', body: holes('999999999\\n0\\n') },
  { why: 'as many runs as memory holds', body: holes('262145\\n0\\n') },
  { why: 'runs that are no numbers', body: holes('one\\n') },
  { why: 'negative runs', body: holes('1\\n-5\\n100\\n') },
  { why: 'a number without end', body: holes('1'.repeat(512)) },
  { why: 'bytes behind the runs', body: holes('2\\n0\\n100\\n99999\\n0\\nmore') },
  { why: 'a size of exabytes', body: holes('1\\n0\\n100\\n', '9'.repeat(15)) },
  { why: 'a way out by the name', body: holes('2\\n0\\n100\\n99999\\n0\\n', '99999', '../a') },
  {
    why: 'holes of an older form',
    body: "add('a', b'x', pax_headers={'GNU.sparse.map': '0,1', 'GNU.sparse.size': '9'})",
  },
  {
    why: 'a directory with holes',
    body: `add('a', type=tarfile.DIRTYPE, pax_headers={${HEAD}'a', 'GNU.sparse.realsize': '9'})`,
  },
];

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
    ...SPARSE_LIES,
    {
      why: 'a directory with content',
      body: "add('a', type=tarfile.DIRTYPE, pax_headers={'size': '512'})",
    },
  ])('refuses $why', async ({ body }) => {
    await expect(unarchive(portions(await madeByPython(body)))).rejects.toMatchObject({
      code: 'BadDelta',
      consequence: 'Impossible',
    });
  });

  it('takes what is only unusual', async () => {
    const bytes = await madeByPython(
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

  it('takes a file with holes that others packed', async () => {
    const bytes = await madeByPython(holes('2\\n0\\n100\\n99999\\n0\\n'));
    const [item] = await gather(readDelta(portions(bytes)));
    expect(item).toMatchObject({
      change: { op: 'put', path: '/a', sizeBytes: 99_999 },
      data: [{ start: 0, length: 100 }],
    });
  });

  it('bounds names and attributes over all of a layer, read or written', async () => {
    const xattrs = new Map([['user.x', Buffer.alloc(900_000)]]);
    const items = Array.from({ length: 100 }, (_, i) =>
      put(`/${String(i).padStart(3, '0')}`, 'file', '', { xattrs }),
    );
    const bytes = items.map(({ change }) => encodeChange(change));
    await expect(gather(readDelta(Readable.from(bytes)))).rejects.toMatchObject({
      code: 'BadDelta',
      message: expect.stringContaining('names and attributes are too large in all'),
    });
    await expect(archive(items)).rejects.toMatchObject({ code: 'UnstorableName' });
  });

  it('fails in one way only, whatever is cut or flipped', async () => {
    const items: readonly DeltaItem[] = [
      { change: { op: 'whiteout', path: '/gone' } },
      put('/a', 'file', 'content', { xattrs: new Map([['user.x', Buffer.from([1, 2])]]) }),
      sparse('/holes'),
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
      property(5000),
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
