import type { Writable } from 'node:stream';

/** What coreutils leave when nobody reads on: 128 and the number of SIGPIPE. */
const NOBODY_READS = 141;
const FAILED = 1;

/** The parts of a process that writing concerns. */
export interface Output {
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
export function mindOutput({ stdout, stderr, stop, exitWith }: Output): void {
  stderr.on('error', () => undefined);
  stdout.on('error', (error: Error & { readonly code?: string }) => {
    stop();
    if (error.code === 'EPIPE') return exitWith(NOBODY_READS);
    stderr.write(`lamina: standard output cannot be written: ${error.message}\n`);
    exitWith(FAILED);
  });
}
