import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** What a long run tried, for the page that tells of it. */
function writeSoak(results, closing) {
  const folder = join(import.meta.dirname, '..', '..', 'bench', 'results');
  const root = join(import.meta.dirname, '..', '..');
  const suites = results.map(({ testFilePath, perfStats, numPassingTests, numFailingTests }) => ({
    suite: relative(root, testFilePath),
    seconds: Math.round((perfStats.end - perfStats.start) / 1000),
    passed: numPassingTests,
    failed: numFailingTests,
  }));
  suites.sort((left, right) => right.seconds - left.seconds);
  const seed = process.env['LAMINA_SEED'] ?? 'the default';
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify({ closing, seed, suites }, undefined, 2);
  writeFileSync(join(folder, 'soak.json'), `${text}\n`);
}

/** Ends a run with the one line that people and machines look for. */
export default class ClosingLine {
  onRunComplete(_contexts, { numPassedTests, numFailedTests, numPendingTests, testResults }) {
    const broken = testResults.filter((result) => result.testExecError !== undefined).length;
    const line = `${numPassedTests} passed, ${numFailedTests + broken} failed, ${numPendingTests} skipped`;
    if (process.env['LAMINA_SOAK'] === '1') writeSoak(testResults, line);
    // Jest's own summary is written after this; the line has to be the last one.
    process.once('exit', () => process.stdout.write(`\n${line}\n`));
  }
}
