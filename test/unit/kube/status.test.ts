import fc from 'fast-check';
import type { ApiObject, CommonStatus, Condition } from '../../../src/api/object.ts';
import type { Consequence, FailureData } from '../../../src/core/failure.ts';
import type { Plan } from '../../../src/kube/reconciler.ts';
import { nextStatus, type Outcome } from '../../../src/kube/status.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { property } from '../../support/soak.ts';

type Status = CommonStatus & { note?: string };
type Test = Outcome<string, Status>;

const OWNED = new Set(['Available', 'Ready', 'ActionRequired', 'Composed', 'UpToDate']);
const START = 1_700_000_000_000;

function object(generation: number, status?: Status): ApiObject<unknown, Status> {
  const metadata = { name: 'a', namespace: 'n', generation };
  const base = { apiVersion: 'lamina.dev/v1alpha1', kind: 'LayerVersion', metadata, spec: {} };
  return status === undefined ? base : { ...base, status };
}

function next(outcome: Test, status?: Status, generation = 2, nowMs = START): Status {
  return nextStatus({ object: object(generation, status), outcome, owned: OWNED, nowMs });
}

function brief(status: Status): Record<string, string> {
  const entries = (status.conditions ?? []).map(
    ({ type, status: value, reason }) => [type, `${value} ${reason}`] as const,
  );
  return Object.fromEntries(entries);
}

const BASE = { status: {}, conditions: [], reason: 'Composing', message: 'at it' };
const failure = (consequence: Consequence): { failure: FailureData } => ({
  failure: { consequence, code: 'NoRoom', message: 'the disk is full', hint: 'Make room.' },
});

const ROWS: { why: string; outcome: Test; want: Record<string, string>; observed: number }[] = [
  {
    why: 'settled is Ready and nothing else',
    outcome: { plan: { ...BASE, verdict: 'settled', reason: 'Deployable' } },
    want: { Ready: 'True Deployable' },
    observed: 2,
  },
  {
    why: 'acting is not an end state',
    outcome: { plan: { ...BASE, verdict: 'act', steps: ['x'] } },
    want: { Ready: 'False Composing', Reconciling: 'True Progressing' },
    observed: 1,
  },
  {
    why: 'waiting for a person is never Stalled',
    outcome: {
      plan: {
        ...BASE,
        verdict: 'waiting',
        reason: 'ActionRequired',
        conditions: [{ type: 'ActionRequired', status: 'True', reason: 'Install', message: '' }],
      },
    },
    want: {
      Ready: 'False ActionRequired',
      Reconciling: 'True Progressing',
      ActionRequired: 'True Install',
    },
    observed: 1,
  },
  {
    why: 'waiting for a retry looks like a failed pass, and keeps its own reason',
    outcome: { plan: { ...BASE, verdict: 'waiting', retrying: true } },
    want: { Ready: 'False Composing', Reconciling: 'True ProgressingWithRetry' },
    observed: 1,
  },
  {
    why: 'only an edit helps a stalled object, so its generation is observed',
    outcome: { plan: { ...BASE, verdict: 'stalled', reason: 'Failed' } },
    want: { Ready: 'False Failed', Stalled: 'True Failed' },
    observed: 2,
  },
  ...(['Transient', 'Conflict', 'Busy', 'Lost', 'Denied'] as const).map((consequence) => ({
    why: `${consequence} is retried and never Stalled`,
    outcome: failure(consequence),
    want: { Ready: 'False NoRoom', Reconciling: 'True ProgressingWithRetry' },
    observed: 1,
  })),
  {
    why: 'impossible is Stalled',
    outcome: failure('Impossible'),
    want: { Ready: 'False NoRoom', Stalled: 'True NoRoom' },
    observed: 2,
  },
  {
    why: 'something usable shows as Available',
    outcome: {
      plan: {
        ...BASE,
        verdict: 'waiting',
        available: { status: true, reason: 'Older', message: '' },
      },
    },
    want: {
      Ready: 'False Composing',
      Reconciling: 'True Progressing',
      Available: 'True Older',
    },
    observed: 1,
  },
];

describe('next status', () => {
  it.each(ROWS)('$why', ({ outcome, want, observed }) => {
    const status = next(outcome, { observedGeneration: 1 });
    expect(brief(status)).toEqual(want);
    expect(status.observedGeneration).toBe(observed);
    expect(status.conditions?.every((item) => item.observedGeneration === 2)).toBe(true);
  });

  it('tells the cure together with the cause', () => {
    const ready = next(failure('Denied')).conditions?.find(({ type }) => type === 'Ready');
    expect(ready?.message).toBe('the disk is full. Make room.');
  });

  it('keeps conditions of others, and removes its own that are over', () => {
    const at = { lastTransitionTime: '2026-01-01T00:00:00Z', message: '', observedGeneration: 1 };
    const foreign: Condition = { type: 'example.com/Audited', status: 'True', reason: 'Ok', ...at };
    const before: Status = {
      observedGeneration: 1,
      conditions: [
        foreign,
        { type: 'Stalled', status: 'True', reason: 'Failed', ...at },
        { type: 'Composed', status: 'True', reason: 'Composed', ...at },
        { type: 'Available', status: 'True', reason: 'Older', ...at },
      ],
    };
    const settled = next({ plan: { ...BASE, verdict: 'settled' } }, before);
    expect(brief(settled)).toEqual({ Ready: 'True Composing', 'example.com/Audited': 'True Ok' });
    expect(settled.conditions).toContainEqual(foreign);
    const failed = next(failure('Lost'), before);
    expect(Object.keys(brief(failed)).sort()).toEqual([
      'Available',
      'Composed',
      'Ready',
      'Reconciling',
      'example.com/Audited',
    ]);
  });

  it('keeps the fields of the kind when no plan came about', () => {
    expect(next(failure('Busy'), { note: 'kept' }).note).toBe('kept');
    expect(next({ plan: { ...BASE, verdict: 'settled' } }, { note: 'gone' }).note).toBeUndefined();
  });

  const handles: { why: string; plan: Plan<string, Status>; want: string | undefined }[] = [
    { why: 'stays while waiting', plan: { ...BASE, verdict: 'waiting' }, want: 'task-1' },
    { why: 'goes when settled', plan: { ...BASE, verdict: 'settled' }, want: undefined },
    {
      why: 'is what the plan says',
      plan: { ...BASE, status: { handle: 'task-2' }, verdict: 'waiting' },
      want: 'task-2',
    },
  ];
  it.each(handles)('the handle of a long operation $why', ({ plan, want }) => {
    expect(next({ plan }, { handle: 'task-1' }).handle).toBe(want);
  });

  it('refuses a plan that is Ready while a person is needed', () => {
    const conditions = [
      { type: 'ActionRequired', status: 'True', reason: 'Install', message: '' } as const,
    ];
    const plan: Plan<string, Status> = { ...BASE, conditions, verdict: 'settled' };
    expect(() => next({ plan })).toThrow('excludes every abnormal condition');
  });
});

const reasons = fc.constantFrom('Waiting', 'Composing', 'Deployable', 'Failed');
const planned = fc.record({
  type: fc.constantFrom('ActionRequired', 'Composed', 'UpToDate'),
  status: fc.constantFrom('True' as const, 'False' as const, 'Unknown' as const),
  reason: reasons,
  message: fc.string(),
});
const verdicts = fc.constantFrom('settled', 'act', 'waiting', 'stalled');
const plans = fc
  .record({
    verdict: verdicts,
    reason: reasons,
    message: fc.string(),
    conditions: fc.uniqueArray(planned, { selector: ({ type }) => type, maxLength: 3 }),
    available: fc.option(
      fc.record({ status: fc.boolean(), reason: reasons, message: fc.string() }),
      { nil: undefined },
    ),
    status: fc.record({ note: fc.string() }, { requiredKeys: [] }),
  })
  .filter(
    ({ verdict, conditions }) =>
      verdict !== 'settled' || conditions.every(({ type }) => type !== 'ActionRequired'),
  )
  .map((plan): Test => ({ plan: { ...plan, steps: ['x'] } as unknown as Plan<string, Status> }));
const failures = fc
  .record({
    consequence: fc.constantFrom<Consequence>(
      'Transient',
      'Conflict',
      'Busy',
      'Lost',
      'Denied',
      'Impossible',
    ),
    code: fc.string(),
    message: fc.string(),
  })
  .map((data): Test => ({ failure: data }));
const passes = fc.array(
  fc.record({ outcome: fc.oneof(plans, failures), edit: fc.boolean(), gapMs: fc.nat(100_000) }),
  { maxLength: 12 },
);

function kstatus(generation: number, status: Status): 'InProgress' | 'Failed' | 'Current' {
  const is = (type: string) => status.conditions?.find((item) => item.type === type)?.status;
  if (status.observedGeneration !== undefined && status.observedGeneration !== generation) {
    return 'InProgress';
  }
  if (is('Reconciling') === 'True') return 'InProgress';
  if (is('Stalled') === 'True') return 'Failed';
  return is('Ready') === 'True' ? 'Current' : 'InProgress';
}

function meaning(outcome: Test): 'InProgress' | 'Failed' | 'Current' {
  if ('failure' in outcome) {
    return outcome.failure.consequence === 'Impossible' ? 'Failed' : 'InProgress';
  }
  if (outcome.plan.verdict === 'settled') return 'Current';
  return outcome.plan.verdict === 'stalled' ? 'Failed' : 'InProgress';
}

function checkStep(before: Status, after: Status, generation: number): void {
  const conditions = after.conditions ?? [];
  const by = (type: string) => conditions.find((item) => item.type === type);
  const ready = by('Ready');
  const abnormal = ['Reconciling', 'Stalled', 'ActionRequired'].map(by);
  expect(ready).toBeDefined();
  for (const condition of abnormal) expect([undefined, 'True']).toContain(condition?.status);
  if (ready?.status === 'True') {
    expect(abnormal).toEqual([undefined, undefined, undefined]);
    for (const item of conditions) expect(item.observedGeneration).toBe(after.observedGeneration);
  } else {
    expect(ready?.status).toBe('False');
    expect(by('Stalled') === undefined).toBe(by('Reconciling') !== undefined);
  }
  expect(after.observedGeneration).toBeLessThanOrEqual(generation);
  expect(after.observedGeneration).toBeGreaterThanOrEqual(before.observedGeneration ?? -1);
  for (const item of conditions) {
    expect(item.reason).toMatch(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/);
    const earlier = before.conditions?.find(({ type }) => type === item.type);
    if (earlier?.status === item.status) {
      expect(item.lastTransitionTime).toBe(earlier.lastTransitionTime);
    }
  }
}

it('refuses a condition that its kind does not declare', () => {
  const conditions = [{ type: 'Invented', status: 'True', reason: 'New', message: '' }] as const;
  const plan = { verdict: 'settled', reason: 'Done', message: '', conditions, status: {} } as const;
  expect(() => next({ plan })).toThrow('Invented');
});

it('keeps the invariants over every sequence of plans, failures and edits', () => {
  fc.assert(
    fc.property(passes, (steps) => {
      let status: Status = { observedGeneration: -1 };
      let generation = 1;
      let nowMs = START;
      for (const { outcome, edit, gapMs } of steps) {
        generation += edit ? 1 : 0;
        nowMs += gapMs;
        const after = next(outcome, status, generation, nowMs);
        checkStep(status, after, generation);
        expect(kstatus(generation, after)).toBe(meaning(outcome));
        // The same outcome again says nothing new: no write at rest.
        expect(next(outcome, after, generation, nowMs + 5000)).toEqual(after);
        status = after;
      }
    }),
    property(5000),
  );
});
