import type { Writable } from 'node:stream';
import { runProgram } from '../cli/program.ts';
import { systemClock } from '../host/clock.ts';
import { guardChildren } from '../host/children.ts';
import { controllerCommand } from './controller-command.ts';
import { jobCommand } from './job-command.ts';
import { upCommand } from './up-command.ts';
import { VERSION } from './version.ts';

/** What coreutils leave when nobody reads on: 128 and the number of SIGPIPE. */
const NOBODY_READS = 141;
const FAILED = 1;

/** The parts of a process that writing concerns. */
interface Output {
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Ends the command, which may have more to do than to write. */
  readonly stop: () => void;
  /** The exit code of the process, whatever the command says. */
  readonly exitWith: (code: number) => void;
}

/**
 * Ends the command when its output goes nowhere: quietly when a pipe's reader has enough, with a
 * sentence when what it asked for is lost. What nobody hears of a log is no reason to end.
 */
function mindOutput({ stdout, stderr, stop, exitWith }: Output): void {
  stderr.on('error', () => undefined);
  stdout.on('error', (error: Error & { readonly code?: string }) => {
    stop();
    if (error.code === 'EPIPE') return exitWith(NOBODY_READS);
    stderr.write(`lamina: standard output cannot be written: ${error.message}\n`);
    exitWith(FAILED);
  });
}

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
  [upCommand, controllerCommand, jobCommand],
);
process.exitCode ??= code;
// A call that hangs in the kernel holds an exit as well, but not the signal, which nobody handles now.
if (stop.signal.aborted) {
  setTimeout(() => {
    process.removeAllListeners(asked);
    process.kill(process.pid, asked);
  }, LEFT_OVER_MS).unref();
}
