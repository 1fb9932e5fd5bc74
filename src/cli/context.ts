import type { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';
import type { Clock } from '../core/clock.ts';

/** What commands get from outside; built in `src/main`, and by tests. */
export interface CliContext {
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Aborts when the person presses Ctrl-C. */
  readonly signal: AbortSignal;
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** What a command leaves: data for programs, the same as lines for people, and the exit code. */
export interface Result {
  readonly data: unknown;
  readonly lines: readonly string[];
  /** 0 if left out. */
  readonly code?: number;
}

/** Adds one command to the program. `finish` takes its exit code. */
export type AddCommand = (
  program: Command,
  context: CliContext,
  finish: (code: number) => void,
) => void;
