/** Ends a run with the one line that people and machines look for. */
export default class ClosingLine {
  onRunComplete(_contexts, { numPassedTests, numFailedTests, numPendingTests, testResults }) {
    const broken = testResults.filter((result) => result.testExecError !== undefined).length;
    const line = `${numPassedTests} passed, ${numFailedTests + broken} failed, ${numPendingTests} skipped`;
    // Jest's own summary is written after this; the line has to be the last one.
    process.once('exit', () => process.stdout.write(`\n${line}\n`));
  }
}
