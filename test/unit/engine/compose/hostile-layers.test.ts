import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isFailure } from '../../../../src/core/failure.ts';
import type { StoredLayer } from '../../../../src/core/layer.ts';
import { compose } from '../../../../src/engine/compose/compose.ts';
import { Merge } from '../../../../src/engine/compose/merge.ts';
import { encodeChange, encodeSparse } from '../../../../src/engine/delta/encode.ts';
import { MOST_NAMES } from '../../../../src/engine/limits.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../../support/runner.ts';
import { engineWith, identity, IMAGE } from '../../../support/volume/engine.ts';
import { archive, madeByPython, put } from '../delta/items.ts';

/** `lib` is a link, as in every Linux of today. */
const SYSTEM = `
mkdir -p etc/rc2.d usr/bin usr/lib var/lib; ln -s usr/lib lib; echo root:x:0:0::/: > etc/passwd`;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let engine: Awaited<ReturnType<typeof engineWith>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  engine = await engineWith(folder.path, SYSTEM);
});
afterAll(() => folder[Symbol.asyncDispose]());

let count = 0;

/** Composes an image with layers whose archives were made by hand. */
async function composed(...archives: readonly AsyncIterable<Uint8Array>[]) {
  const { tools, os } = engine;
  const deltas: StoredLayer[] = [];
  for (const tar of archives) {
    count += 1;
    const layer = identity('app', `hostile-${count}`);
    deltas.push(
      await tools.store.putDelta({ tar, layer, base: os, requires: [], stats: { files: 1 } }),
    );
  }
  return compose({ id: `image-${count}`, os, deltas, guest: IMAGE }, tools);
}

async function failureOf(...archives: readonly AsyncIterable<Uint8Array>[]) {
  try {
    await composed(...archives);
    return 'none';
  } catch (error) {
    if (!isFailure(error)) throw error;
    return `${error.consequence} ${error.code}: ${error.message}`;
  }
}

// oxlint-disable-next-line typescript/require-await
async function* stream(bytes: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* bytes;
}

const END = Buffer.alloc(1024);
const MIB = Buffer.alloc(2 ** 20, 'bomb');

/** A file of as many MiB as told, without ever holding it. */
function* large(path: string, mebibytes: number): Generator<Uint8Array> {
  const { change } = put(path, 'file');
  if (change.op !== 'put') return;
  yield encodeChange({ ...change, sizeBytes: mebibytes * 2 ** 20 });
  for (let i = 0; i < mebibytes; i += 1) yield MIB;
}

function* together(...parts: readonly Iterable<Uint8Array>[]): Generator<Uint8Array> {
  for (const one of parts) yield* one;
  yield END;
}

describe('an image with a hostile layer', () => {
  it.each([
    { why: 'a way out of the root', body: "add('../../escape')", says: /Impossible BadDelta/ },
    { why: 'an absolute path', body: "add('/tmp/escape')", says: /Impossible BadDelta/ },
    { why: 'a name twice', body: "add('a'); add('a')", says: /Impossible BadDelta/ },
    {
      why: 'a file below a link of the system',
      body: "add('lib/escape', b'x')",
      says: /Impossible LayerMisfit: .*\/lib, which is a symlink/,
    },
    {
      why: 'a link out of the root',
      body: "add('a', type=tarfile.LNKTYPE, link='../../etc/shadow')",
      says: /Impossible BadDelta/,
    },
    {
      why: 'a command after a newline in a name',
      body: "add('a\\nrm etc')",
      says: /BadFileName|NotWritable/,
    },
    {
      why: 'a file that is longer than its disk',
      body: "add('a', pax_headers={'size': str(3 * 2**40)})",
      says: /Impossible BadDelta: .*hold more than 47 MiB/,
    },
  ])('fails in words: $why', async ({ why, body, says }) => {
    expect(await failureOf(stream([await madeByPython(body)]))).toMatch(says);
    const names = await readdir(folder.path);
    expect([why, names.filter((name) => name.includes('escape'))]).toEqual([why, []]);
  });

  it('stops a bomb before it is unpacked', async () => {
    const bomb = () => stream(together(large('/a', 30), large('/b', 100)));
    expect(await failureOf(bomb())).toContain('hold more than 47 MiB in all');
    // Each of them would fit alone.
    const half = (path: string) => stream(together(large(path, 30)));
    expect(await failureOf(half('/a'), half('/b'))).toMatch(/Impossible LayerDoesNotFit/);
    expect(await readdir(join(folder.path, 'work', 'composed'))).not.toContain(`image-${count}`);
  });

  it('takes a file of terabytes where nearly all of it is a hole', async () => {
    const { change } = put('/huge', 'file');
    if (change.op !== 'put') throw new Error('not a file');
    const runs = [{ start: 2 ** 41, length: 5 }];
    const head = encodeSparse({ ...change, sizeBytes: 3 * 2 ** 40 }, runs);
    const tail = Buffer.alloc(507);
    const made = await composed(stream([head, Buffer.from('hello'), tail, END]));
    expect((await stat(made.disk.path)).size).toBeLessThan(4 * 2 ** 20);
  });

  it('counts the names of all layers together', () => {
    const merge = new Merge();
    const fill = (layer: number, names: number) => {
      merge.begin(layer);
      for (let i = 0; i < names; i += 1) merge.add({ op: 'whiteout', path: `/${layer}-${i}` });
    };
    fill(1, MOST_NAMES - 10);
    fill(0, 10);
    expect(() => merge.add({ op: 'whiteout', path: '/more' })).toThrow(
      expect.objectContaining({ code: 'TooManyNames', consequence: 'Impossible' }),
    );
  });

  it('is none where layers are only unusual', async () => {
    const tar = await archive([put('/etc', 'directory'), put('/etc/new', 'file', 'text')]);
    expect(await failureOf(stream([tar]))).toBe('none');
  });
});
