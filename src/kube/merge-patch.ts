import { isObject, jsonEqual } from '../core/json.ts';

/**
 * The JSON merge patch (RFC 7386) that makes `after` of `before`: null removes a field, lists are
 * replaced as a whole. Undefined if both are equal.
 */
export function mergePatchOf(before: object, after: object): Record<string, unknown> | undefined {
  const old = new Map<string, unknown>(Object.entries(before));
  const next = new Map<string, unknown>(Object.entries(after));
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...old.keys(), ...next.keys()])) {
    const left = old.get(name);
    const right = next.get(name);
    if (jsonEqual(left, right)) continue;
    if (right === undefined) patch[name] = null;
    else patch[name] = isObject(left) && isObject(right) ? mergePatchOf(left, right) : right;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}
