import type { MachineSeen } from '../../../src/connectors/connector.ts';
import type { InspectionRecord } from '../../../src/core/evidence.ts';
import { currentInspection, startOver } from '../../../src/reconcilers/machine/judge.ts';
import { describe, expect, it } from '../../support/runner.ts';

const machine: MachineSeen = { id: 'm', power: 'off', text: 'There.', boot: '2' };
const record: InspectionRecord = {
  key: 'k',
  composition: 'c-1',
  boot: '2',
  found: { verdict: 'clean' },
  at: 0,
};

describe('an inspection speaks of the machine as it is now', () => {
  it.each([
    { why: 'when it is of the last boot', record, composition: 'c-1', want: record },
    {
      why: 'not after a reboot that nobody saw',
      record: { ...record, boot: '1' },
      composition: 'c-1',
      want: undefined,
    },
    { why: 'not when there is none', record: undefined, composition: 'c-1', want: undefined },
    {
      why: 'not of a machine made from something else',
      record,
      composition: 'c-2',
      want: undefined,
    },
  ])('$why', ({ record, composition, want }) => {
    expect(currentInspection(record, machine, composition)).toEqual(want);
  });
});

describe('starting over', () => {
  it.each([
    {
      why: 'is counted once for each end',
      before: undefined,
      want: { next: 'count', attempts: { count: 1, ended: 'b' } },
    },
    { why: 'goes on after a crash', before: { count: 1, ended: 'b' }, want: { next: 'remove' } },
    {
      why: 'counts the next end',
      before: { count: 1, ended: 'a' },
      want: { next: 'count', attempts: { count: 2 } },
    },
    { why: 'ends after the third', before: { count: 3, ended: 'a' }, want: { next: 'ask' } },
  ])('$why', ({ before, want }) => {
    expect(startOver(before, 'b')).toMatchObject(want);
  });
});
