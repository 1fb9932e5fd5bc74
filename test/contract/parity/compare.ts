import { isObject } from '../../../src/core/json.ts';

/** One field in which two answers differ. */
export interface Difference {
  /** Number of the request, then the path of the field. */
  readonly at: string;
  /** Undefined where the field is missing. */
  readonly ours: unknown;
  readonly real: unknown;
}

function entries(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (Array.isArray(value)) return Object.fromEntries(value.entries());
  return isObject(value) ? value : undefined;
}

/** Every field in which two values differ; the order of keys does not count. */
export function differences(at: string, ours: unknown, real: unknown): readonly Difference[] {
  const [left, right] = [entries(ours), entries(real)];
  const isAlike = Array.isArray(ours) === Array.isArray(real);
  if (left === undefined || right === undefined || !isAlike) {
    return Object.is(ours, real) ? [] : [{ at, ours, real }];
  }
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].flatMap((key) => differences(`${at}.${key}`, left[key], right[key]));
}
