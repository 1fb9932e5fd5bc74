import { impossible } from '../../../src/core/failure.ts';
import { readOnce, type Reading, type ReadRequest } from '../../../src/sources/reading.ts';
import { failureLine, HeardReading, readingLines } from '../../../src/sources/reading-lines.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { readingOf } from '../../support/source.ts';

const { signal } = new AbortController();

function heard(lines: Iterable<string>): HeardReading {
  const all = new HeardReading();
  for (const line of lines) all.take(line.slice(0, -1));
  return all;
}

describe('readOnce', () => {
  it('reads each revision once, also one with problems', async () => {
    const good: Reading = { revision: 'r1', objects: [], problems: [] };
    const problems = [{ file: 'a', line: 1, column: 1, message: 'too large' }];
    const bad: Reading = { revision: 'r2', objects: [], problems };
    const answers = [good, undefined, bad, undefined, good];
    const asked: (string | undefined)[] = [];
    const read = async ({ known }: ReadRequest) => {
      asked.push(known);
      return answers[asked.length - 1];
    };
    const source = readOnce({ kind: 'directory', path: '/x' }, { read, namespace: 'default' });
    const seen = [];
    for (const _ of answers) seen.push(await source.read(signal));
    expect(seen).toEqual([good, good, bad, bad, good]);
    expect(seen[1]).toBe(seen[0]);
    expect(asked).toEqual([undefined, 'r1', 'r1', 'r2', 'r2']);
  });
});

describe('the lines of a reader', () => {
  it('carry a reading, whatever signs its texts hold', () => {
    const text =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: "\\t\\n\\u2028é😀", "b": "x"}\n';
    const { objects } = readingOf(text);
    const reading: Reading = { revision: 'r\t1', objects, problems: [] };
    expect(objects).toHaveLength(1);
    const all = heard(readingLines(reading));
    expect(all.end).toBe('read');
    expect(all.reading('r\t1')).toEqual(reading);
    expect(JSON.parse(objects[0]?.json ?? '')).toMatchObject({ data: { a: '\t\n\u2028é😀' } });
  });

  it('carry problems, failures, and that nothing is new', () => {
    const problems = [{ file: 'a\tb', line: 2, column: 3, message: 'no' }];
    const reading = { revision: 'r', objects: [], problems };
    expect(heard(readingLines(reading)).reading('r')).toEqual(reading);
    expect(heard(readingLines(undefined)).end).toBe('unchanged');
    const failure = { consequence: 'Impossible', code: 'No', message: 'no', hint: 'Do.' };
    expect(heard([failureLine(impossible('No', 'no', 'Do.'))]).end).toMatchObject(failure);
  });

  it('are no answer before the last one', () => {
    const lines = [...readingLines({ revision: 'r', objects: [], problems: [] })].slice(0, -1);
    expect(heard(lines)).toMatchObject({ revision: 'r', end: undefined });
  });
});
