import { Admission } from '../../../src/reconcilers/admission.ts';
import { describe, expect, it } from '../../support/runner.ts';

const one = (name: string) => ({ namespace: 'default', name });

describe('who may have a machine', () => {
  it('keeps the order of asking, and one place each', () => {
    const admission = new Admission(() => true);
    for (const name of ['a', 'b', 'a', 'c']) admission.join('here', one(name));
    expect(['a', 'b', 'c', 'd'].map((name) => admission.placeOf('here', one(name)))).toEqual([
      0,
      1,
      2,
      undefined,
    ]);
    expect(admission.first('here', 2)).toEqual([one('a'), one('b')]);
    expect(admission.first('here', -1)).toEqual([]);
  });

  it('lets others move up when somebody needs no place any more', () => {
    const gone = new Set<string>();
    const admission = new Admission(({ name }) => !gone.has(name));
    for (const name of ['a', 'b']) admission.join('here', one(name));
    gone.add('a');
    expect(admission.placeOf('here', one('b'))).toBe(0);
    gone.delete('a');
    expect(admission.placeOf('here', one('a'))).toBeUndefined();
  });

  it('keeps places of different connectors apart', () => {
    const admission = new Admission(() => true);
    admission.join('here', one('a'));
    expect(admission.placeOf('there', one('a'))).toBeUndefined();
  });
});
