import { decodeText } from '../../../src/sources/text.ts';
import { readDocuments } from '../../../src/sources/yaml.ts';
import { describe, expect, it } from '../../support/runner.ts';

function read(text: string) {
  const { documents, problems } = readDocuments({ path: 'f.yaml', text });
  return {
    values: documents.map(({ value }) => value),
    problems: problems.map(({ line, column, message }) => `${line}:${column} ${message}`),
  };
}

describe('readDocuments', () => {
  it('reads several documents, comments and empty ones between them', () => {
    const { values, problems } = read('# hello\n---\na: 1\n---\n---\n{"b": [true, null]}\n');
    expect({ values, problems }).toEqual({ values: [{ a: 1 }, { b: [true, null] }], problems: [] });
  });

  // YAML 1.2, core schema (https://yaml.org/spec/1.2.2/#103-core-schema).
  it('types scalars by the core schema of YAML 1.2', () => {
    const text =
      'a: no\nb: on\nc: 1e3\nd: 0o17\ne: 0x1F\nf: ~\ng: 12:30\nh: "1"\ni: 2026-11-21\n1: x\n';
    expect(read(text).values).toEqual([
      {
        a: 'no',
        b: 'on',
        c: 1000,
        d: 15,
        e: 31,
        f: null,
        g: '12:30',
        h: '1',
        i: '2026-11-21',
        '1': 'x',
      },
    ]);
  });

  it('writes aliases out', () => {
    expect(read('a: &x {b: [1]}\nc: *x\n').values).toEqual([{ a: { b: [1] }, c: { b: [1] } }]);
  });

  it.each([
    { why: 'syntax', text: 'a: [1, 2\nb: c\n', want: /^2:1 Flow sequence/ },
    { why: 'tabs', text: 'a:\n\tb: 1\n', want: /^2:1 Tabs are not allowed/ },
    { why: 'a duplicate key', text: 'a: 1\nb: 2\na: 3\n', want: /^3:1 duplicate key "a"/ },
    { why: 'a tag', text: 'a: !!str 5\n', want: /^1:10 tags are not allowed/ },
    { why: 'a foreign tag', text: 'a: !<tag:x> {b: 1}\n', want: /tags are not allowed/ },
    { why: 'a directive', text: '%YAML 1.1\n---\na: no\n', want: /^1:1 directives are not/ },
    { why: 'a number that some read as octal', text: 'a: 0777\n', want: /^1:4 .*octal/ },
    { why: 'a number beyond 2^53', text: 'a: 9007199254740993\n', want: /cannot be kept exactly/ },
    { why: 'a number that JSON lacks', text: 'a: .nan\n', want: /cannot be kept exactly/ },
    { why: 'a list at the top', text: '- 1\n', want: /^1:1 a manifest must be a map/ },
    { why: 'a key that is no text', text: '{[a]: 1}\n', want: /keys must be text/ },
    { why: 'an alias without anchor', text: 'a: *b\n', want: /^1:4 the alias has no anchor/ },
  ])('says where there is $why', ({ text, want }) => {
    const { values, problems } = read(text);
    expect(values).toEqual([]);
    expect(problems[0]).toMatch(want);
  });

  it('finds fields again, also below keys with dots and behind aliases', () => {
    const text = 'base: &b\n  x: 1\nmap:\n  a.b: 26.0\n  a:\n    - c: 1\nuse: *b\n';
    const [document] = readDocuments({ path: 'f.yaml', text }).documents;
    expect(document?.at('map.a.b')).toEqual({ file: 'f.yaml', line: 4, column: 8 });
    expect(document?.at('map.a.b', 'key')).toEqual({ file: 'f.yaml', line: 4, column: 3 });
    expect(document?.at('map.a[0].c')).toEqual({ file: 'f.yaml', line: 6, column: 10 });
    expect(document?.at('use.x')).toEqual({ file: 'f.yaml', line: 2, column: 6 });
    expect(document?.at('map.a[0].missing').line).toBe(6);
    expect(document?.at('nowhere')).toEqual({ file: 'f.yaml', line: 1, column: 1 });
    expect(document?.plainText('map.a.b')).toBe('26.0');
  });
});

describe('hostile files', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
    .split('')
    .map(
      (name, i) =>
        `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefgh'.charAt(i)}`).join(',')}]`,
    )
    .join('\n')}\n`;

  it.each([
    { why: 'an alias bomb', text: bomb, want: /aliases/ },
    { why: 'an alias to itself', text: 'a: &a {b: *a}\n', want: /deeper than 64/ },
    { why: 'deep flow nesting', text: '['.repeat(20_000), want: /deeper than 64/ },
    { why: 'deep block nesting', text: `${'- '.repeat(20_000)}x`, want: /deeper than 64/ },
    { why: 'deep keys', text: `${'? '.repeat(20_000)}x`, want: /deeper than 64/ },
    { why: 'a flood of documents', text: '---\na: 1\n'.repeat(20_000), want: /1000 documents/ },
    { why: 'a flood of values', text: `a: [${'1,'.repeat(60_000)}]`, want: /50000 values/ },
    { why: 'a huge file', text: `a: ${'x'.repeat(2 ** 20)}`, want: /1 MiB/ },
    { why: 'many anchors', text: `a: ${'&a '.repeat(20_000)}`, want: /anchor/ },
  ])('refuses $why', ({ text, want }) => {
    const { values, problems } = read(text);
    expect(values).toEqual([]);
    expect(problems[0]).toMatch(want);
    expect(problems.length).toBeLessThanOrEqual(20);
  });

  it('takes 30,000 keys without quadratic work', () => {
    const costOf = (count: number): number => {
      const text = Array.from({ length: count }, (_, i) => `k${i}: 1\n`).join('');
      const before = process.cpuUsage();
      expect(Object.keys(read(text).values[0] ?? {})).toHaveLength(count);
      return process.cpuUsage(before).user;
    };
    costOf(3000);
    // Time of the processor that only this process used: ten times as much, and a hundred times if quadratic.
    expect(costOf(30_000) / costOf(3000)).toBeLessThan(40);
  });

  it('keeps __proto__ and constructor as ordinary fields', () => {
    const { values } = read('__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}\n');
    expect(Object.keys(values[0] ?? {})).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('does not merge keys, as YAML 1.2 has no merge', () => {
    expect(read('x: &a {b: 1}\ny:\n  <<: *a\n').values).toEqual([
      { x: { b: 1 }, y: { '<<': { b: 1 } } },
    ]);
  });
});

describe('decodeText', () => {
  it.each([
    { why: 'plain UTF-8', bytes: Buffer.from('aé'), want: { text: 'aé' } },
    { why: 'a byte order mark', bytes: Buffer.from('\uFEFFa: 1'), want: { text: 'a: 1' } },
    {
      why: 'UTF-16',
      bytes: Buffer.from('\uFEFFa: 1', 'utf16le'),
      want: { why: 'is UTF-16: save it as UTF-8' },
    },
    {
      why: 'UTF-16 without a mark',
      bytes: Buffer.from('a: 1', 'utf16le'),
      want: { why: 'holds NUL bytes, so it is not UTF-8 text' },
    },
    {
      why: 'Latin-1',
      bytes: Buffer.from('é', 'latin1'),
      want: { why: 'is not valid UTF-8: save it as UTF-8' },
    },
  ])('knows $why', ({ bytes, want }) => {
    expect(decodeText(bytes)).toEqual(want);
  });
});
