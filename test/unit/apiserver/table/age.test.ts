import { ageOf, humanSpan } from '../../../../src/apiserver/table/age.ts';
import { describe, expect, it } from '../../../support/runner.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

// From k8s.io/apimachinery/pkg/util/duration, TestHumanDuration and its boundaries.
const UPSTREAM: readonly (readonly [number, string])[] = [
  [70 * SECOND, '70s'],
  [190 * SECOND, '3m10s'],
  [70 * MINUTE, '70m'],
  [47 * HOUR, '47h'],
  [49 * HOUR, '2d1h'],
  [(8 * 24 + 2) * HOUR, '8d'],
  [367 * DAY, '367d'],
  [2 * YEAR + 25 * HOUR, '2y1d'],
  [8 * YEAR + 2 * HOUR, '8y'],
  [-2 * SECOND, '<invalid>'],
  [-2 * SECOND + 1, '0s'],
  [0, '0s'],
  [SECOND - 1, '0s'],
  [2 * MINUTE - 1, '119s'],
  [2 * MINUTE, '2m'],
  [2 * MINUTE + SECOND, '2m1s'],
  [10 * MINUTE - 1, '9m59s'],
  [10 * MINUTE, '10m'],
  [10 * MINUTE + SECOND, '10m'],
  [3 * HOUR - 1, '179m'],
  [3 * HOUR, '3h'],
  [3 * HOUR + MINUTE, '3h1m'],
  [8 * HOUR - 1, '7h59m'],
  [8 * HOUR, '8h'],
  [8 * HOUR + 59 * MINUTE, '8h'],
  [2 * DAY - 1, '47h'],
  [2 * DAY, '2d'],
  [8 * DAY - 1, '7d23h'],
  [8 * DAY, '8d'],
  [2 * YEAR - 1, '729d'],
  [2 * YEAR, '2y'],
  [2 * YEAR + 23 * HOUR, '2y'],
  [2 * YEAR + 24 * HOUR, '2y1d'],
  [8 * YEAR - 1, '7y364d'],
  [9 * YEAR, '9y'],
];

describe('ages', () => {
  it.each(UPSTREAM)('%d ms is %s', (span, text) => {
    expect(humanSpan(span)).toBe(text);
  });

  it('say when there is nothing to count from', () => {
    expect(ageOf(undefined, 0)).toBe('<unknown>');
    expect(ageOf('yesterday', 0)).toBe('<invalid>');
    expect(ageOf('2026-03-04T05:06:07Z', Date.UTC(2026, 2, 4, 5, 7, 7))).toBe('60s');
  });
});
