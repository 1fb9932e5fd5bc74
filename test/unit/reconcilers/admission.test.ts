import { Admission, type Waiting } from '../../../src/reconcilers/admission.ts';
import { describe, expect, it } from '../../support/runner.ts';

const one = (name: string) => ({ namespace: 'default', name });

describe('who may have a machine', () => {
  it('keeps the order of asking, and one place each', () => {
    const admission = new Admission(() => true);
    for (const name of ['a', 'b', 'a', 'c']) admission.join('here', one(name));
    const next = (name: string) => admission.isNext('here', one(name), 2);
    expect(['a', 'b', 'c', 'd'].map(next)).toEqual([true, true, false, undefined]);
    expect(admission.first('here', 2)).toEqual([one('a'), one('b')]);
    expect(admission.first('here', -1)).toEqual([]);
  });

  it('lets others move up when somebody needs no place any more', () => {
    const gone = new Set<string>();
    const admission = new Admission(({ name }) => !gone.has(name));
    for (const name of ['a', 'b']) admission.join('here', one(name));
    gone.add('a');
    expect(admission.isNext('here', one('b'), 1)).toBe(true);
    gone.delete('a');
    expect(admission.isNext('here', one('a'), 1)).toBeUndefined();
  });

  it('wakes whoever moves up when somebody gives up', () => {
    const admission = new Admission(() => true);
    const woken: Waiting[] = [];
    admission.watch((next) => woken.push(next));
    for (const name of ['a', 'b', 'c']) admission.join('here', one(name));
    admission.leave('here', one('a'), 1);
    expect(woken).toEqual([one('b')]);
  });

  it('keeps places of different connectors apart', () => {
    const admission = new Admission(() => true);
    admission.join('here', one('a'));
    expect(admission.isNext('there', one('a'), 1)).toBeUndefined();
  });
});
