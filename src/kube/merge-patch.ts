import { isObject, jsonEqual } from '../core/json.ts';

/**
 * The JSON merge patch (RFC 7386) that makes `after` of `before`: null removes a field, lists are
 * replaced as a whole. Undefined if both are equal.
 */
export function mergePatchOf(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const left = before[name];
    const right = after[name];
    if (jsonEqual(left, right)) continue;
    if (right === undefined) patch[name] = null;
    else patch[name] = isObject(left) && isObject(right) ? mergePatchOf(left, right) : right;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}
