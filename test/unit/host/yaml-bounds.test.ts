import { textRefusal } from '../../../src/host/yaml-bounds.ts';
import { readDocuments } from '../../../src/sources/yaml.ts';
import { repeated } from '../../support/hostile-source.ts';
import { describe, expect, it } from '../../support/runner.ts';

function full(text: string, before = ''): string {
  return repeated(1, text, before).get('f0.yaml') ?? '';
}

describe('textRefusal', () => {
  it.each([
    { why: 'open lists', text: full('['), want: /deeper than 64/ },
    { why: 'open maps', text: full('{'), want: /deeper than 64/ },
    { why: 'maps in lists', text: full('[{a: '), want: /deeper than 64/ },
    { why: 'brackets on lines of their own', text: full('[\n ', ' '), want: /deeper than 64/ },
    { why: 'closing brackets', text: full(']'), want: /nothing opened/ },
    { why: 'brackets that close and open', text: full('}{', 'a: '), want: /50000 values/ },
    { why: 'explicit keys', text: full('? '), want: /deeper than 64/ },
    { why: 'explicit keys in lines', text: full('? a\n'), want: /more than 100 keys/ },
    { why: 'explicit keys in a map', text: full('? a,', '{'), want: /more than 100 keys/ },
    { why: 'lists in a line', text: full('- '), want: /deeper than 64/ },
    { why: 'colons in a line', text: full('a: '), want: /deeper than 64/ },
    { why: 'bare colons in a line', text: full(': '), want: /deeper than 64/ },
    { why: 'anchors', text: full('&a '), want: /100 anchors/ },
    { why: 'anchors in lines', text: full('- &a b\n'), want: /100 anchors/ },
    { why: 'aliases', text: full('*a, ', '['), want: /100 aliases/ },
    { why: 'tags', text: full('!a '), want: /tags are not allowed/ },
    { why: 'documents', text: full('---\n'), want: /1000 documents/ },
    { why: 'documents that end', text: full('a\n...\n'), want: /1000 documents/ },
    { why: 'a directive', text: '%YAML 1.1\n---\na: no\n', want: /directives are not/ },
    { why: 'short lines', text: full('-\n'), want: /50000 values/ },
    { why: 'commas', text: full(',', '['), want: /50000 values/ },
    { why: 'documents of short lines', text: full('a: b\n', '---\n'.repeat(2)), want: /values/ },
    {
      why: 'short documents',
      text: `${'a: b\n'.repeat(600)}---\n`.repeat(280),
      want: /words and signs/,
    },
    { why: 'empty lines', text: full(' \n'), want: /words and signs/ },
    { why: 'comments', text: full('#\n'), want: /words and signs/ },
  ])('stops at a megabyte of $why', ({ text, want }) => {
    expect(textRefusal(text)?.message).toMatch(want);
    expect(readDocuments({ path: 'f.yaml', text }).documents).toEqual([]);
  });

  it.each([
    { why: 'brackets in prose', text: full('[[[ ', 'a: |\n  ') },
    { why: 'brackets in quotes', text: `a: "${'['.repeat(1000)}"\n` },
    { why: 'brackets in comments', text: `# ${'['.repeat(1000)}\na: 1\n` },
    { why: 'colons in a map of one line', text: `a: {${'b: 1, '.repeat(1000)}}\n` },
    { why: 'as many levels as are allowed', text: `a: ${'['.repeat(64)}${']'.repeat(64)}\n` },
    { why: 'many anchors in many documents', text: '---\na: &a 1\nb: *a\n'.repeat(900) },
    { why: 'as many documents as are allowed', text: '---\na: 1\n'.repeat(1000) },
    { why: 'signs that the lexer uses itself', text: 'a: "\u0002\u0018\u001f"\n' },
    {
      why: 'dense manifests',
      text: `---\n${'- {name: "1", osVersion: "2026-10"}\n'.repeat(14_000)}`.repeat(2),
    },
  ])('lets $why pass', ({ text }) => {
    expect(textRefusal(text)).toBeUndefined();
  });

  it('says where', () => {
    const text = `a: 1\nb:\n  - ${'['.repeat(70)}\n`;
    expect(readDocuments({ path: 'f.yaml', text }).problems).toEqual([
      { file: 'f.yaml', line: 3, column: 69, message: 'nested deeper than 64 levels' },
    ]);
  });
});

describe('readDocuments', () => {
  it('survives what makes the parser throw', () => {
    // Whatever the parser does with it, it is a problem and no exception.
    for (const text of [full('\n', 'a:\n'), `${'\n'.repeat(400_000)}#`, full('a: |+\n\n')]) {
      expect(() => readDocuments({ path: 'f.yaml', text })).not.toThrow();
    }
  });

  it.each([
    { why: 'commas', text: `[${','.repeat(240_000)}`, first: /Unexpected , in flow sequence/ },
    { why: 'texts side by side', text: '""'.repeat(240_000), first: /Unexpected double-quoted/ },
    {
      why: 'lists side by side',
      text: `[${'[]'.repeat(120_000)}`,
      first: /Unexpected flow-seq-end/,
    },
    { why: 'texts in lines', text: '""\n'.repeat(240_000), first: /double-quoted/ },
  ])('stops after twenty mistakes: $why', ({ text, first }) => {
    const { documents, problems } = readDocuments({ path: 'f.yaml', text });
    expect(documents).toEqual([]);
    expect(problems).toHaveLength(20);
    expect(problems[0]?.message).toMatch(first);
    expect(problems[19]).not.toMatchObject({ line: 1, column: 1 });
  });

  it('writes aliases out only as far as an object may be large', () => {
    const text = `a: &a ${'x'.repeat(20_000)}\nb: [${Array.from({ length: 90 }, () => '*a').join()}]\n`;
    expect(readDocuments({ path: 'f.yaml', text })).toMatchObject({
      documents: [],
      problems: [{ line: 1, message: 'larger than 512 KiB with the aliases written out' }],
    });
  });
});
