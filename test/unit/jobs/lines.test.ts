import { inTens, parseLine } from '../../../src/jobs/lines.ts';
import { describe, expect, it } from '../../support/runner.ts';

describe('lines of a job', () => {
  it.each([
    { why: 'chatter', line: 'Warning: something' },
    { why: 'another value', line: '[1]' },
    { why: 'an unknown type', line: '{"type":"hello"}' },
    { why: 'a result of an older release', line: '{"type":"result","result":{}}' },
    {
      why: 'a failure without consequence',
      line: '{"type":"failure","failure":{"code":"X","message":"y"}}',
    },
    {
      why: 'a failure of an unknown consequence',
      line: '{"type":"failure","failure":{"consequence":"Root","code":"X","message":"y"}}',
    },
  ])('leaves out $why', ({ line }) => {
    expect(parseLine(line)).toBeUndefined();
  });

  it('takes only what a failure may hold, in bounds', () => {
    const failure = {
      consequence: 'Denied',
      code: 'X',
      message: 'm'.repeat(5000),
      hint: { toString: 'no' },
      retryAfterMs: 'soon',
      extra: 'secret',
    };
    expect(parseLine(JSON.stringify({ type: 'failure', failure }))).toEqual({
      type: 'failure',
      failure: { consequence: 'Denied', code: 'X', message: 'm'.repeat(2000), hint: '' },
    });
  });

  it('rounds progress to tens', () => {
    const line = parseLine('{"type":"progress","step":"Writing","percent":47.9}');
    expect(line).toEqual({ type: 'progress', step: 'Writing', percent: 40 });
    expect(parseLine('{"type":"progress","step":1,"percent":1e9}')).toMatchObject({ percent: 0 });
  });

  it('tells a tenth once', () => {
    const told: string[] = [];
    const tell = inTens((step, percent) => told.push(`${step} ${percent}`));
    for (let i = 0; i <= 200; i += 1) tell('a', i / 2);
    tell('b', 300);
    expect(told).toEqual(
      [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((n) => `a ${n}`).concat('b 100'),
    );
  });
});
