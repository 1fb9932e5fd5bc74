import { parseBody } from '../../../../src/apiserver/model/body.ts';
import { isApiError } from '../../../../src/apiserver/model/errors.ts';
import { describe, expect, it } from '../../../support/runner.ts';

function codeOf(text: string): number | undefined {
  try {
    parseBody(text);
  } catch (error) {
    return isApiError(error) ? error.status.code : -1;
  }
  return undefined;
}

describe('the body of a request', () => {
  it.each([
    ['{}', []],
    ['{"a":1,"a":2}', ['a']],
    ['{"a":1,"\\u0061":2}', ['a']],
    ['{"a":{"b":[{"c":1},{"c":1,"c":2}]}}', ['a.b[1].c']],
    ['{"a":"a","b":["a","a",{"a":"a"}]}', []],
    ['{"a\\"":"}","b" : 1,"b"\n:2}', ['b']],
    [`{"b"${' '.repeat(99)}:1,"b":2}`, ['b']],
    ['"text"', []],
    ['{"a":1,"a":2,"a":3}', ['a', 'a']],
  ])('%s repeats %j', (text, expected) => {
    expect(parseBody(text).duplicates).toEqual(expected);
  });

  it.each([
    ['text that is no JSON', '{'],
    ['nothing', ''],
    ['an integer that would be damaged', '{"a":9007199254740993}'],
    ['a number beyond any', '{"a":1e999}'],
    ['a prototype', '{"a":{"__proto__":{"x":1}}}'],
    ['depth', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['very many values', `[${'0,'.repeat(400_000)}0]`],
  ])('with %s is a 400', (_why, text) => {
    expect(codeOf(text)).toBe(400);
  });

  it('keeps the largest integers and fractions', () => {
    const text = '[9007199254740991,-9007199254740991,0.1,1.5e-9]';
    expect(JSON.stringify(parseBody(text).value)).toBe(text);
  });
});
