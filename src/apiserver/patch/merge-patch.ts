import { isObject } from '../../core/json.ts';

/** Applies a merge patch (RFC 7386). Neither argument is changed. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const base = isObject(target) ? target : {};
  const kept = Object.entries(base).filter(([key]) => !Object.hasOwn(patch, key));
  const changed = Object.entries(patch)
    .filter(([, value]) => value !== null)
    .map(([key, value]): [string, unknown] => [
      key,
      mergePatch(Object.hasOwn(base, key) ? base[key] : undefined, value),
    ]);
  return Object.fromEntries([...kept, ...changed]);
}
