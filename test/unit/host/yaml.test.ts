import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { yamlText } from '../../../src/host/yaml.ts';
import { generated } from '../../../src/main/generate.ts';
import { readDocuments } from '../../../src/sources/yaml.ts';
import { beforeAll, describe, expect, it } from '../../support/runner.ts';
import { readByPython } from '../../support/yaml-1.1.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** The documents of a text as we read manifests. */
function readByUs(text: string): readonly unknown[] {
  const { documents, problems } = readDocuments({ path: 'f.yaml', text });
  expect(problems).toEqual([]);
  return documents.map(({ value }) => value);
}

/** Unlike Python, the package knows the booleans of one letter, as the readers of Go do. */
function readAs11(text: string): readonly unknown[] {
  return parseAllDocuments(text, { version: '1.1' })
    .map((document): unknown => document.toJS())
    .filter((value) => value !== null);
}

// The types of YAML 1.1: https://yaml.org/type/
const TEXTS = [
  { why: 'booleans', texts: ['on', 'Off', 'YES', 'no', 'y', 'N', 'true', 'False'] },
  { why: 'nothing', texts: ['~', 'null', 'Null', '', ' '] },
  { why: 'integers', texts: ['1', '-0', '+1', '07', '0o7', '0x1f', '0b1', '1_000', '12:30'] },
  {
    why: 'fractions',
    texts: ['1.5', '.5', '1.', '1e3', '1_0.5', '1:30.5', '.inf', '-.INF', '.NaN'],
  },
  { why: 'dates', texts: ['2026-11-21', '2026-1-2 1:02:03', '2026-11-21T00:00:00Z'] },
  { why: 'merging and the default value', texts: ['<<', '='] },
  {
    why: 'signs of the syntax',
    texts: ['- a', '#x', 'a #b', 'a: b', '!x', '&x', '*x', '%x', '@x'],
  },
  { why: 'quotes and brackets', texts: ['"', "'", '`', '|', '>', '? x', '[a', '{a', ',', '---'] },
  { why: 'ends of lines', texts: ['a\nb', 'a\n', '\n', 'a\u0085b', 'a\u2028b', 'a\u2029b'] },
  {
    why: 'controls',
    texts: ['\t', 'a\tb', 'a\tb\nc', 'a\n\u001b[0m', '\u007f', '\u001b[0m', 'a\u009b0m', '\ufeffx'],
  },
  { why: 'plain text', texts: ['Grüße 😀', 'a:b', 'x=1', '1.2.3', '2026-11', 'nobody'] },
];

describe('YAML that we write', () => {
  it.each(TEXTS)('is read alike by readers of 1.1 and of 1.2: $why', async ({ texts }) => {
    const value = { items: texts, keys: Object.fromEntries(texts.map((text) => [text, text])) };
    const text = yamlText(value);
    expect(await readByPython([text])).toEqual([[value]]);
    expect(readAs11(text)).toEqual([value]);
    expect(readByUs(text)).toEqual([value]);
  });

  it('says nothing to a terminal', () => {
    // oxlint-disable-next-line no-control-regex
    expect(yamlText(TEXTS)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  });

  it('quotes nothing that needs no quotes', () => {
    expect(yamlText({ a: 'plain text', b: [1, true, null] })).toBe(
      'a: plain text\nb:\n  - 1\n  - true\n  - null\n',
    );
  });
});

describe('YAML that we hand out', () => {
  const found = new Map<string, string>();
  beforeAll(async () => {
    for (const [path, text] of await generated(ROOT)) found.set(path, text);
    const files = ['examples/**/*.yaml', '*.md', '{docs,src,examples}/**/*.md'];
    for await (const path of glob(files, { cwd: ROOT })) {
      if (!found.has(path)) found.set(path, await readFile(join(ROOT, path), 'utf8'));
    }
    for (const [path, text] of found) {
      if (!path.endsWith('.md')) continue;
      found.delete(path);
      for (const [, block = ''] of text.matchAll(/^ *```ya?ml\n([^]*?)```/gm)) {
        found.set(`${path}#${found.size}`, block);
      }
    }
  });

  it('is read alike by readers of 1.1 and of 1.2', async () => {
    const paths = [...found.keys()];
    for (const part of ['crds/', 'docs/reference/', 'examples/local/', 'docs/embedded-api.md']) {
      expect(paths).toContainEqual(expect.stringContaining(part));
    }
    const byPython = await readByPython([...found.values()]);
    for (const [i, [path, text]] of [...found].entries()) {
      const own = [path, readByUs(text)];
      expect([path, byPython[i]]).toEqual(own);
      expect([path, readAs11(text)]).toEqual(own);
    }
  });
});
