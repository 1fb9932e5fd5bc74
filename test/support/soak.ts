import { jest } from './runner.ts';

/*
 * Long forms of fault, crash and fuzz tests: `make soak` runs them whole, every other run a tenth that
 * follows from the seed. LAMINA_SEED chooses another one; what fails is told with its seed.
 */

/** Whether this is the long form. */
const IS_SOAK = process.env['LAMINA_SOAK'] === '1';

/** What all random choices of a run follow from. */
export const SEED = Number(process.env['LAMINA_SEED'] ?? '20261121');

const SHARE = 10;

/** So many of the runs of the long form belong to this run. */
export function runs(long: number): number {
  return IS_SOAK ? long : Math.ceil(long / SHARE);
}

/** A hang ends there: the limit of each test in a file that imports this one, longer as its runs are more. */
const LIMIT_MS = 600_000;
jest.setTimeout(IS_SOAK ? LIMIT_MS * SHARE : LIMIT_MS);

/** Parameters of a property of fast-check. */
export function property(long: number): { readonly seed: number; readonly numRuns: number } {
  return { seed: SEED, numRuns: runs(long) };
}

/** Whether the nth of many cases belongs to this run; another seed picks other ones. */
export function isPicked(index: number, every = SHARE): boolean {
  return IS_SOAK || index % every === SEED % every;
}
