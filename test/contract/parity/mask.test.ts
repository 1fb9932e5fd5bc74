import { describe, expect, it } from '../../support/runner.ts';
import { differences } from './compare.ts';
import { Mask } from './mask.ts';

const NOW = Date.parse('2026-05-05T12:00:00Z');
const [FIRST, SECOND] = ['1'.repeat(8), '2'.repeat(8)].map(
  (start) => `${start}-0000-4000-8000-000000000000`,
);

function object(
  uid: unknown,
  resourceVersion: string,
  more: Readonly<Record<string, unknown>> = {},
) {
  return { kind: 'ConfigMap', metadata: { name: 'a', uid, resourceVersion }, ...more };
}

/** Answers of one server, masked in the order they came. */
function masked(...answers: readonly unknown[]): readonly unknown[] {
  const mask = new Mask(NOW, ['gen-']);
  return answers.map((answer, index) => mask.body(answer, String(index)));
}

describe('what is masked of two servers', () => {
  it.each([
    {
      why: 'uids and revisions have their own numbers',
      ours: [object(FIRST, '900'), object(FIRST, '901')],
      real: [object(SECOND, '15'), object(SECOND, '17')],
      found: [],
    },
    {
      why: 'a revision that stays is not one that rises',
      ours: [object(FIRST, '900'), object(FIRST, '900')],
      real: [object(SECOND, '15'), object(SECOND, '17')],
      found: ['1.metadata.resourceVersion'],
    },
    {
      why: 'an object made anew is not the old one',
      ours: [object(FIRST, '900'), object(SECOND, '901')],
      real: [object(SECOND, '15'), object(SECOND, '17')],
      found: ['1.metadata.uid'],
    },
    {
      why: 'times of today are masked, those of the case are not',
      ours: [{ now: '2026-05-05T12:00:01Z', old: '2001-01-01T00:00:00Z' }],
      real: [{ now: '2026-05-05T12:00:02Z', old: '2001-01-01T00:00:01Z' }],
      found: ['0.old'],
    },
    {
      why: 'times of today are masked as Python writes them too',
      ours: [{ now: '2026-05-05T12:00:01Z' }],
      real: [{ now: '2026-05-05T12:00:02+00:00' }],
      found: [],
    },
    {
      why: 'fractions of a second keep their length',
      ours: [{ now: '2026-05-05T12:00:01.000Z' }],
      real: [{ now: '2026-05-05T12:00:02.000000Z' }],
      found: ['0.now'],
    },
    {
      why: 'the revision of a list says nothing, that it is there does',
      ours: [
        { items: [], metadata: { resourceVersion: '5' } },
        { items: [], metadata: {} },
      ],
      real: [
        { items: [], metadata: { resourceVersion: '6' } },
        { items: [], metadata: { resourceVersion: '6' } },
      ],
      found: ['1.metadata.resourceVersion'],
    },
    {
      why: 'causes come in any order',
      ours: [
        {
          kind: 'Status',
          message: 'no: [a: x, b: y]',
          details: {
            causes: [
              { field: 'a', message: 'x' },
              { field: 'b', message: 'y' },
            ],
          },
        },
      ],
      real: [
        {
          kind: 'Status',
          message: 'no: [b: y, a: x]',
          details: {
            causes: [
              { field: 'b', message: 'y' },
              { field: 'a', message: 'x' },
            ],
          },
        },
      ],
      found: [],
    },
    {
      why: 'a cause that is missing is told',
      ours: [
        {
          kind: 'Status',
          message: 'no: a: x',
          details: { causes: [{ field: 'a', message: 'x', reason: 'R' }] },
        },
      ],
      real: [{ kind: 'Status', message: 'no', details: { causes: [] } }],
      found: ['0.details.causes.a: x', '0.message'],
    },
    {
      why: 'the end of a generated name is masked, not its length',
      ours: [{ name: 'gen-abcde' }, { name: 'gen-abcde' }],
      real: [{ name: 'gen-fghij' }, { name: 'gen-fghijk' }],
      found: ['1.name'],
    },
    {
      why: 'what one has, null and empty are three things',
      ours: [{ a: null, b: {}, c: [] }],
      real: [{ a: undefined, b: null, c: {} }],
      found: ['0.a', '0.b', '0.c'],
    },
  ])('$why', ({ ours, real, found }) => {
    const [left, right] = [masked(...ours), masked(...real)];
    const told = left.flatMap((each, index) => differences(String(index), each, right[index]));
    expect(told.map(({ at }) => at).sort()).toEqual(found);
  });
});
