const NUMBER = /^[1-9][0-9]*$/;

/**
 * Orders two resource versions: negative if `left` is older. Kubernetes promises decimal numbers of
 * any length that can be compared within one resource; anything else is unordered: undefined.
 */
export function compareVersions(
  left: string | undefined,
  right: string | undefined,
): number | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (left === right) return 0;
  if (!NUMBER.test(left) || !NUMBER.test(right)) return undefined;
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : 1;
}

/** True if `version` is known to be as new as `wanted`. */
export function reaches(version: string | undefined, wanted: string | undefined): boolean {
  const order = compareVersions(version, wanted);
  return order !== undefined && order >= 0;
}
