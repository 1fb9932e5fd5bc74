/** Any JSON value. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON object whose fields are not known yet. */
export type JsonObject = { readonly [key: string]: Json };

/** True for a plain object, false for arrays and null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for an array; unlike Array.isArray it does not make its items anything at all. */
export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** The text; an empty one in place of what is none. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The texts of a map; what is no text, or no map, is left out. */
export function textsOf(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(isObject(value) ? value : {});
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/**
 * Canonical JSON after RFC 8785: keys sorted by UTF-16 code units, no white space. Equal values
 * give equal bytes, so their digests can be compared. Undefined fields are left out.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (isObject(value)) {
    const fields = Object.keys(value)
      .filter((key) => value[key] !== undefined)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
    return `{${fields.join(',')}}`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypeError('canonical JSON has no NaN or infinity');
  }
  return JSON.stringify(value);
}

/** Deep equality of JSON values; undefined fields count as absent. */
export function jsonEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, i) => jsonEqual(item, right[i]));
  }
  if (!isObject(left) || !isObject(right)) return false;
  const other = (key: string) => (Object.hasOwn(right, key) ? right[key] : undefined);
  // Without a set of all keys: most comparisons are of things that are equal.
  return (
    Object.keys(left).every((key) => jsonEqual(left[key], other(key))) &&
    Object.keys(right).every((key) => Object.hasOwn(left, key) || right[key] === undefined)
  );
}

/**
 * The entries of a table whose names are all known. TypeScript forgets the names, since a value may have
 * more fields than its type tells of; a constant table has not.
 */
export function entriesOf<Name extends string, Value>(
  table: Readonly<Record<Name, Value>>,
): readonly (readonly [Name, Value])[] {
  return Object.entries(table) as [Name, Value][];
}
