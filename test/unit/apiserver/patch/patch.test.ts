import { isApiError } from '../../../../src/apiserver/model/errors.ts';
import { jsonPatch } from '../../../../src/apiserver/patch/json-patch.ts';
import { mergePatch } from '../../../../src/apiserver/patch/merge-patch.ts';
import { strategicPatch } from '../../../../src/apiserver/patch/strategic-patch.ts';
import { describe, expect, it } from '../../../support/runner.ts';

function codeOf(work: () => unknown): number | undefined {
  try {
    work();
  } catch (error) {
    if (isApiError(error)) return error.status.code;
    throw error;
  }
  return undefined;
}

describe('merge patch: the test cases of RFC 7386, appendix A', () => {
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', 'null', 'null'],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])('%s with %s', (target, patch, expected) => {
    expect(mergePatch(JSON.parse(target), JSON.parse(patch))).toEqual(JSON.parse(expected));
  });
});

describe('JSON patch', () => {
  it.each([
    [
      'A.1 adds a member',
      { foo: 'bar' },
      [{ op: 'add', path: '/baz', value: 'qux' }],
      { baz: 'qux', foo: 'bar' },
    ],
    [
      'A.2 adds an item',
      { foo: ['bar', 'baz'] },
      [{ op: 'add', path: '/foo/1', value: 'qux' }],
      { foo: ['bar', 'qux', 'baz'] },
    ],
    [
      'A.3 removes a member',
      { baz: 'qux', foo: 'bar' },
      [{ op: 'remove', path: '/baz' }],
      { foo: 'bar' },
    ],
    [
      'A.4 removes an item',
      { foo: ['bar', 'qux', 'baz'] },
      [{ op: 'remove', path: '/foo/1' }],
      { foo: ['bar', 'baz'] },
    ],
    [
      'A.5 replaces',
      { baz: 'qux' },
      [{ op: 'replace', path: '/baz', value: 'boo' }],
      { baz: 'boo' },
    ],
    [
      'A.6 moves a value',
      { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
      [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
      { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
    ],
    [
      'A.7 moves an item',
      { foo: ['all', 'grass', 'cows', 'eat'] },
      [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
      { foo: ['all', 'cows', 'eat', 'grass'] },
    ],
    [
      'A.8 tests',
      { baz: 'qux', foo: ['a', 2, 'c'] },
      [
        { op: 'test', path: '/baz', value: 'qux' },
        { op: 'test', path: '/foo/1', value: 2 },
      ],
      { baz: 'qux', foo: ['a', 2, 'c'] },
    ],
    [
      'A.10 adds an object',
      { foo: 'bar' },
      [{ op: 'add', path: '/child', value: { grandchild: {} } }],
      { foo: 'bar', child: { grandchild: {} } },
    ],
    [
      'A.11 ignores other members',
      { foo: 'bar' },
      [{ op: 'add', path: '/baz', value: 'qux', xyz: 123 }],
      { foo: 'bar', baz: 'qux' },
    ],
    [
      'A.14 unescapes ~01',
      { '/': 9, '~1': 10 },
      [{ op: 'test', path: '/~01', value: 10 }],
      { '/': 9, '~1': 10 },
    ],
    [
      'A.16 appends',
      { foo: ['bar'] },
      [{ op: 'add', path: '/foo/-', value: ['abc'] }],
      { foo: ['bar', ['abc']] },
    ],
    [
      'copies',
      { a: { b: 1 } },
      [
        { op: 'copy', from: '/a', path: '/c' },
        { op: 'replace', path: '/c/b', value: 2 },
      ],
      { a: { b: 1 }, c: { b: 2 } },
    ],
    ['replaces the whole', { a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
    [
      'takes what is missing for null, as upstream does',
      { a: 1 },
      [
        { op: 'test', path: '/b', value: null },
        { op: 'add', path: '/b' },
        { op: 'replace', path: '/c', value: 3 },
      ],
      { a: 1, b: null, c: 3 },
    ],
    [
      'counts from the end, and reads leading zeros',
      { list: [1, 2] },
      [
        { op: 'replace', path: '/list/-1', value: 3 },
        { op: 'replace', path: '/list/00', value: 0 },
      ],
      { list: [0, 3] },
    ],
    ['adds null', { a: 1 }, [{ op: 'add', path: '/b', value: null }], { a: 1, b: null }],
    [
      'reaches own members only',
      { a: {} },
      [{ op: 'add', path: '/a/constructor', value: 1 }],
      { a: { constructor: 1 } },
    ],
  ])('%s', (_why, target, patch, expected) => {
    const before = JSON.stringify(target);
    expect(jsonPatch(target, patch)).toEqual(expected);
    expect(JSON.stringify(target)).toBe(before);
  });

  it.each([
    ['A.9 a failed test', 422, [{ op: 'test', path: '/a', value: 2 }]],
    ['A.12 an absent parent', 422, [{ op: 'add', path: '/x/y', value: 1 }]],
    ['A.15 a test of text against a number', 422, [{ op: 'test', path: '/a', value: '1' }]],
    ['an absent member', 422, [{ op: 'remove', path: '/x' }]],
    ['an inherited member', 422, [{ op: 'remove', path: '/constructor' }]],
    ['an index beyond the end', 422, [{ op: 'add', path: '/list/3', value: 1 }]],
    ['a move into itself', 422, [{ op: 'move', from: '/o', path: '/o/x' }]],
    ['removing everything', 422, [{ op: 'remove', path: '' }]],
    ['a prototype', 400, [{ op: 'add', path: '/__proto__/x', value: 1 }]],
    ['an escape into a prototype', 400, [{ op: 'move', from: '/o', path: '/__proto__' }]],
    ['a bad pointer', 422, [{ op: 'remove', path: 'a' }]],
    ['no from', 422, [{ op: 'copy', path: '/a' }]],
    ['an unknown operation', 422, [{ op: 'eval', path: '/a' }]],
    ['no list', 400, { op: 'add' }],
    [
      'too many operations',
      413,
      Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: 1 })),
    ],
    [
      'copies that double',
      422,
      Array.from({ length: 40 }, () => ({ op: 'copy', from: '/o', path: '/o/x' })),
    ],
  ])('refuses %s', (_why, code, patch) => {
    const target = { a: 1, o: { text: 'x'.repeat(100_000) }, list: [1, 2] };
    expect(codeOf(() => jsonPatch(target, patch))).toBe(code);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });
});

describe('strategic merge patch', () => {
  const keys = { 'status.conditions': 'type' };
  it.each([
    [
      'merges maps',
      { data: { a: '1', b: '2' } },
      { data: { b: null, c: '3' } },
      { data: { a: '1', c: '3' } },
    ],
    ['replaces plain lists', { x: [1, 2] }, { x: [3] }, { x: [3] }],
    [
      'adds finalizers',
      { metadata: { finalizers: ['a'] } },
      { metadata: { finalizers: ['b', 'a'] } },
      { metadata: { finalizers: ['b', 'a'] } },
    ],
    [
      'removes finalizers',
      { metadata: { finalizers: ['a', 'b'] } },
      { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } },
      { metadata: { finalizers: ['b'] } },
    ],
    [
      'orders finalizers',
      { metadata: { finalizers: ['a', 'b'] } },
      { metadata: { '$setElementOrder/finalizers': ['b', 'c', 'a'], finalizers: ['c'] } },
      { metadata: { finalizers: ['b', 'c', 'a'] } },
    ],
    [
      'merges owners by uid',
      { metadata: { ownerReferences: [{ uid: '1', name: 'x' }] } },
      { metadata: { ownerReferences: [{ uid: '1', controller: true }, { uid: '2' }] } },
      { metadata: { ownerReferences: [{ uid: '1', name: 'x', controller: true }, { uid: '2' }] } },
    ],
    [
      'deletes an item',
      { status: { conditions: [{ type: 'a' }, { type: 'b' }] } },
      { status: { conditions: [{ type: 'a', $patch: 'delete' }] } },
      { status: { conditions: [{ type: 'b' }] } },
    ],
    [
      'replaces a list',
      { status: { conditions: [{ type: 'a' }] } },
      { status: { conditions: [{ $patch: 'replace' }, { type: 'c' }] } },
      { status: { conditions: [{ type: 'c' }] } },
    ],
    [
      'replaces a map',
      { data: { a: '1' } },
      { data: { $patch: 'replace', b: '2' } },
      { data: { b: '2' } },
    ],
    [
      'keeps some keys',
      { data: { a: '1', b: '2' } },
      { data: { $retainKeys: ['b', 'c'], c: '3' } },
      { data: { b: '2', c: '3' } },
    ],
  ])('%s', (_why, target, patch, expected) => {
    expect(strategicPatch(target, patch, keys)).toEqual(expected);
  });

  it.each([
    ['an item that is no object', { status: { conditions: ['x'] } }],
    ['a list', []],
  ])('refuses %s', (_why, patch) => {
    expect(codeOf(() => strategicPatch({}, patch, keys))).toBe(400);
  });
});
