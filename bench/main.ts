/*
 * Runs the benchmarks, each in a process of its own, one after the other; what they measured is one
 * table on standard output and a file each under `bench/results/`. `node bench/main.ts [--small] [name …]`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { conditionsOf, resultFile, tableOf, type Result } from './support/figures.ts';
import { scaled, SMALL } from './support/scale.ts';

/** Where the launcher keeps compiled modules: without, every process would need more memory and start later. */
const COMPILED = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'lamina/compiled',
);

const NAMES = ['store', 'images', 'api', 'runtime', 'sources'];

async function runOne(name: string): Promise<Result | undefined> {
  await rm(resultFile(name), { force: true });
  // Standard output belongs to the table.
  const env = { NODE_COMPILE_CACHE: COMPILED, ...process.env };
  const program = join(import.meta.dirname, `${name}.ts`);
  const args = ['--disable-warning=ExperimentalWarning', program, ...scaled([], [SMALL])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 2, 2], env });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) {
    process.stderr.write(`${name}: failed\n`);
    return undefined;
  }
  return JSON.parse(await readFile(resultFile(name), 'utf8')) as Result;
}

const named = process.argv.slice(2).filter((argument) => argument !== SMALL);
const wanted = named.length > 0 ? named : NAMES;
const unknown = wanted.find((name) => !NAMES.includes(name));
if (unknown !== undefined) {
  process.stderr.write(`there is no benchmark ${unknown}; there are: ${NAMES.join(', ')}\n`);
  process.exit(2);
}
const results: Result[] = [];
for (const name of wanted) {
  const result = await runOne(name);
  if (result === undefined) process.exitCode = 1;
  else results.push(result);
}
if (results.length > 0) process.stdout.write(`${tableOf(results)}\n${conditionsOf(results)}`);
