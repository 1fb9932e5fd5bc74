const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** From this many seconds on: how the span is written, in a large and a small unit. */
const STEPS: readonly (readonly [
  from: number,
  large: readonly [number, string],
  small?: readonly [number, string],
])[] = [
  [8 * YEAR, [YEAR, 'y']],
  [2 * YEAR, [YEAR, 'y'], [DAY, 'd']],
  [8 * DAY, [DAY, 'd']],
  [2 * DAY, [DAY, 'd'], [HOUR, 'h']],
  [8 * HOUR, [HOUR, 'h']],
  [3 * HOUR, [HOUR, 'h'], [MINUTE, 'm']],
  [10 * MINUTE, [MINUTE, 'm']],
  [2 * MINUTE, [MINUTE, 'm'], [1, 's']],
];

/** A span as Kubernetes prints ages: two units while it is young, one when it is older. */
export function humanSpan(spanMs: number): string {
  const seconds = Math.trunc(spanMs / 1000);
  if (seconds < -1) return '<invalid>';
  const step = STEPS.find(([from]) => seconds >= from);
  if (step === undefined) return `${Math.max(seconds, 0)}s`;
  const [, [large, unit], small] = step;
  const head = `${Math.floor(seconds / large)}${unit}`;
  if (small === undefined) return head;
  const rest = Math.floor((seconds % large) / small[0]);
  return rest === 0 ? head : `${head}${rest}${small[1]}`;
}

/** The age of a timestamp as a cell shows it. */
export function ageOf(stamp: unknown, nowMs: number): string {
  if (typeof stamp !== 'string') return '<unknown>';
  const at = Date.parse(stamp);
  return Number.isNaN(at) ? '<invalid>' : humanSpan(nowMs - at);
}
