import { writeFile } from 'node:fs/promises';
import { systemClock } from '../../../src/host/clock.ts';
import { IndexFile } from '../../../src/store/index-file.ts';
import { parseIndexJson } from '../../../src/store/index-json.ts';
import { layoutOf, prepareLayout } from '../../../src/store/layout.ts';
import { StoreLock } from '../../../src/store/lock.ts';
import { ANNOTATION } from '../../../src/store/names.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';

/** An index in which manifests have these names. */
function indexOf(...names: readonly string[]): string {
  const manifests = names.map((name, i) => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: `sha256:${String(i).padStart(64, '0')}`,
    size: 1,
    annotations: { [ANNOTATION.refName]: name },
  }));
  return JSON.stringify({ schemaVersion: 2, manifests });
}

describe('the tags of an index', () => {
  it.each([
    { why: 'tags are sorted', names: ['a/b:2', 'a/b:1'], want: ['1', '2'] },
    { why: 'a longer repository is another one', names: ['a/b/c:1', 'a/bc:1'], want: undefined },
    { why: 'a shorter repository is another one', names: ['a:1', 'b:1'], want: undefined },
    { why: 'a name without a tag belongs to no repository', names: ['a/b'], want: undefined },
  ])('$why', async ({ names, want }) => {
    const { tags } = await parseIndexJson(indexOf(...names), layoutOf('store'));
    expect(tags.get('a/b')).toEqual(want);
  });
});

describe('the file', () => {
  async function opened(folder: string) {
    const layout = layoutOf(folder);
    await prepareLayout(layout, systemClock);
    return { layout, index: new IndexFile(layout, new StoreLock(layout, systemClock)) };
  }

  it('is parsed once for all who ask at the same time, and again after a change', async () => {
    await using folder = await temporaryFolder();
    const { layout, index } = await opened(folder.path);
    await writeFile(layout.indexJson, indexOf('a:1'));
    const [one, ...others] = await Promise.all([index.read(), index.read(), index.read()]);
    for (const other of others) expect(other).toBe(one);
    await writeFile(layout.indexJson, indexOf('a:1', 'a:2'));
    expect((await index.read()).tags.get('a')).toEqual(['1', '2']);
  });

  it('is read again after it could not be read', async () => {
    await using folder = await temporaryFolder();
    const { layout, index } = await opened(folder.path);
    await writeFile(layout.indexJson, 'torn');
    await expect(index.read()).rejects.toMatchObject({ code: 'StoreIndexLost' });
    await writeFile(layout.indexJson, indexOf('a:1'));
    expect((await index.read()).tags.get('a')).toEqual(['1']);
  });
});
