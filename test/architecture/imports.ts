import { join } from 'node:path';
import { run } from '../../src/host/run.ts';
import type { Breach } from './globals.ts';

const HOME = join(import.meta.dirname, '..', '..');

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
  readonly cycle?: readonly { readonly name: string }[];
}

/**
 * What breaks the import table below a root. Only src is cruised: it is what the table is about, and the
 * parser of dependency-cruiser does not know `using`, which tests like.
 */
export async function importBreaches(root: string): Promise<readonly Breach[]> {
  const config = join(HOME, 'test/architecture/imports.cjs');
  const program = join(HOME, 'node_modules/.bin/depcruise');
  const { stdout } = await run(
    process.execPath,
    [program, '--config', config, '--output-type', 'json', 'src'],
    { cwd: root, maxOutputBytes: 2 ** 28 },
  );
  const { summary } = JSON.parse(stdout) as { summary: { violations: readonly Violation[] } };
  return summary.violations.map(({ from, to, rule, cycle }) => {
    const target = cycle === undefined ? to : cycle.map(({ name }) => name).join(' → ');
    return { path: from, line: 1, what: `${rule.name}: imports ${target}` };
  });
}
