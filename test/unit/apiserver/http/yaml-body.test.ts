import { describe, expect, it } from '../../../support/runner.ts';
import { parseYamlBody } from '../../../../src/apiserver/http/yaml-body.ts';

describe('the body of an apply', () => {
  it.each([
    { why: 'JSON', text: '{"a": [1]}', value: { a: [1] } },
    { why: 'YAML', text: 'a:\n- 1\n- b: "on"\n', value: { a: [1, { b: 'on' }] } },
    { why: 'words of YAML 1.1', text: 'a: on\nb: no\n', value: { a: true, b: false } },
  ])('is read as $why', ({ text, value }) => {
    expect(parseYamlBody(text).value).toEqual(value);
  });

  it.each([
    { why: 'brackets without end', text: '['.repeat(100_000), says: 'nested deeper than 64' },
    { why: 'keys without end', text: '? '.repeat(50_000), says: 'nested deeper than 64' },
    { why: 'anchors without end', text: '&a '.repeat(40_000), says: 'more than 100 anchors' },
    { why: 'lists without end', text: '- '.repeat(50_000), says: 'nested deeper than 64' },
    { why: 'aliases', text: 'a: &a [1]\nb: *a\n', says: 'Alias' },
    { why: 'what is no YAML', text: 'a: b: c', says: 'error decoding YAML' },
    { why: 'half of an object', text: '{"a": ', says: 'not JSON' },
    { why: 'too much', text: 'a: b\n'.repeat(40_000), says: 'send JSON' },
  ])('is refused for $why', ({ text, says }) => {
    expect(() => parseYamlBody(text)).toThrow(says);
  });
});
