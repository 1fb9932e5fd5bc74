import { runProgram } from '../cli/program.ts';
import { systemClock } from '../host/clock.ts';
import { guardChildren } from '../host/guard-children.ts';
import { jobCommand } from './job-command.ts';
import { mindOutput } from './output.ts';
import { upCommand } from './up-command.ts';
import { VERSION } from './version.ts';

guardChildren();

/** How long a command that was asked to end, and has ended, may still be held by what it left. */
const LEFT_OVER_MS = 1000;

const stop = new AbortController();
let asked: NodeJS.Signals = 'SIGTERM';
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    asked = signal;
    stop.abort();
  });
}
const { stdout, stderr, stdin } = process;
mindOutput({
  stdout,
  stderr,
  stop: () => stop.abort(),
  exitWith: (code) => {
    process.exitCode = code;
  },
});

const code = await runProgram(
  process.argv.slice(2),
  {
    version: VERSION,
    environment: process.env,
    clock: systemClock,
    signal: stop.signal,
    stdin,
    stdout,
    stderr,
  },
  [upCommand, jobCommand],
);
process.exitCode ??= code;
// A call that hangs in the kernel holds an exit as well, but not the signal, which nobody handles now.
if (stop.signal.aborted) {
  setTimeout(() => {
    process.removeAllListeners(asked);
    process.kill(process.pid, asked);
  }, LEFT_OVER_MS).unref();
}
