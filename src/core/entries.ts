/**
 * The entries of a table whose names are all known. TypeScript forgets the names, since a value may have
 * more fields than its type tells of; a constant table has not.
 */
export function entriesOf<Name extends string, Value>(
  table: Readonly<Record<Name, Value>>,
): readonly (readonly [Name, Value])[] {
  return Object.entries(table) as [Name, Value][];
}
