import { runProgram } from '../cli/program.ts';
import { systemClock } from '../host/clock.ts';
import { jobCommand } from './job-command.ts';
import { upCommand } from './up-command.ts';
import { VERSION } from './version.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stop.abort());
}

process.exitCode = await runProgram(
  process.argv.slice(2),
  {
    version: VERSION,
    environment: process.env,
    clock: systemClock,
    signal: stop.signal,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
  },
  [upCommand, jobCommand],
);
