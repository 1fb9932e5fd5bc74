import { compilePath } from '../../../../src/apiserver/model/path.ts';
import { KINDS } from '../../../../src/api/kinds/all.ts';
import { describe, expect, it } from '../../../support/runner.ts';

const object = {
  spec: { list: [{ name: 'a' }, { name: 'b', deep: { value: 3 } }], flag: false },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Ready', status: 'Second' },
    ],
  },
};

describe('paths of printer columns', () => {
  it.each([
    { path: '.spec.flag', value: false, why: 'false is a value' },
    { path: '.spec.list[1].deep.value', value: 3, why: 'an index' },
    {
      path: '.status.conditions[?(@.type=="Ready")].status',
      value: 'True',
      why: 'the first match',
    },
    { path: ".spec.list[?(@.name=='b')].deep.value", value: 3, why: 'single quotes' },
    { path: '.spec.missing.deeper', value: undefined, why: 'nothing there' },
    { path: '.spec.list[7].name', value: undefined, why: 'beyond the end' },
    { path: '.spec.toString', value: undefined, why: 'not a field of the object' },
    { path: '.status.conditions[?(@.type=="Stalled")].status', value: undefined, why: 'no match' },
  ])('$path: $why', ({ path, value }) => {
    expect(compilePath(path)(object)).toBe(value);
  });

  it.each(['spec', '.spec[*]', '..spec', '.spec[?(@.a>1)]', '.spec.'])('refuses %s', (path) => {
    expect(() => compilePath(path)).toThrow('is not understood');
  });

  it('of all our kinds compile', () => {
    for (const { columns } of KINDS) for (const { jsonPath } of columns) compilePath(jsonPath);
  });
});
