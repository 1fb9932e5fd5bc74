/** The word that makes a run small: to see that a benchmark works, not how fast anything is. */
export const SMALL = '--small';

const isSmall = process.argv.includes(SMALL);

/** A number of a whole run, or what takes its place in a small one. */
export function scaled<Value>(whole: Value, small: Value): Value {
  return isSmall ? small : whole;
}
