import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../src/core/failure.ts';
import { plainEnvironment } from '../../src/host/run.ts';
import { spawn } from 'node:child_process';
import { staleFiles } from '../../src/main/generate.ts';
import { stalePage } from '../contract/parity/page.ts';
import { globalBreaches, type Breach } from './globals.ts';
import { importBreaches } from './imports.ts';
import { claimBreaches, houseNumbers, limitBreaches } from './numbers.ts';
import { readSources } from './source.ts';

/*
 * What `make check` runs, cheap and telling first. Every step runs, whatever the others found, so that
 * one call shows everything there is to mend.
 */

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDERS = ['src', 'test', 'bench', 'examples'].filter((name) => existsSync(join(ROOT, name)));

/** One thing that is checked: what is wrong as lines, empty if nothing. */
interface Check {
  readonly name: string;
  run(): Promise<readonly string[]>;
}

function tool(name: string, ...args: readonly string[]): Promise<readonly string[]> {
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  const child = spawn(join(ROOT, 'node_modules/.bin', name), args, {
    cwd: ROOT,
    env: { PATH: `${join(ROOT, 'node_modules/.bin')}:${plainEnvironment()['PATH']}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  }
  child.on('error', (error) => resolve([`${name}: ${error.message}`]));
  child.on('close', (code) => {
    const lines = said.trim().split('\n');
    resolve(code === 0 ? [] : [...lines, `${name} ended with ${code ?? 'a signal'}`]);
  });
  return promise;
}

function shown(breaches: readonly Breach[]): readonly string[] {
  return breaches.map(({ path, line, what }) => `${path}:${line}: ${what}`);
}

async function house(): Promise<readonly string[]> {
  const files = await readSources(ROOT, FOLDERS);
  const own = files.filter(({ path }) => path.startsWith('src/'));
  for (const line of houseNumbers(own)) console.log(`  ${line}`);
  const breaches = files.flatMap((file) => [...globalBreaches(file), ...limitBreaches(file)]);
  return shown([...breaches, ...claimBreaches(own)]);
}

const CHECKS: readonly Check[] = [
  { name: 'types', run: () => tool('tsc', '-p', '.') },
  { name: 'lint', run: () => tool('oxlint', '--type-aware', '--quiet', '.') },
  {
    name: 'format',
    run: () =>
      tool(
        'prettier',
        '--check',
        '--cache',
        '--cache-strategy',
        'content',
        '--log-level',
        'warn',
        '.',
      ),
  },
  { name: 'imports', run: async () => shown(await importBreaches(ROOT)) },
  { name: 'dead code', run: () => tool('knip', '--config', 'test/architecture/knip.json') },
  {
    name: 'generated files',
    run: async () =>
      [...(await staleFiles(ROOT)), ...(await stalePage(ROOT))].map(
        (path) => `${path} is stale: make generate`,
      ),
  },
  { name: 'house', run: house },
];

let failed = 0;
for (const check of CHECKS) {
  const started = performance.now();
  const wrong = await check.run().catch((error: unknown) => [messageOf(error)]);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${wrong.length === 0 ? 'ok  ' : 'FAIL'} ${check.name} (${seconds} s)`);
  for (const line of wrong) console.log(`  ${line}`);
  if (wrong.length > 0) failed += 1;
}
console.log(failed === 0 ? 'all checks passed' : `${failed} of ${CHECKS.length} checks failed`);
process.exitCode = failed === 0 ? 0 : 1;
