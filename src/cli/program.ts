import { Command } from 'commander';
import { failureData } from '../core/failure.ts';
import { approveCommand } from './approve.ts';
import { consoleCommand } from './console.ts';
import type { AddCommand, CliContext } from './context.ts';
import { harmless } from './print.ts';
import { statusCommand } from './status.ts';
import { validateCommand } from './validate.ts';
import { versionCommand } from './version.ts';
import { waitCommand } from './wait.ts';

/** The commands that live here; `src/main` adds those that build the world. */
const COMMANDS: readonly AddCommand[] = [
  validateCommand,
  statusCommand,
  waitCommand,
  approveCommand,
  consoleCommand,
  versionCommand,
];

const USAGE = 2;

/** What commander throws after help and after mistakes, having said everything itself. */
function isUsage(error: unknown): error is { readonly exitCode: number } {
  return (
    typeof error === 'object' &&
    error !== null &&
    'exitCode' in error &&
    'code' in error &&
    String(error.code).startsWith('commander.')
  );
}

/**
 * Runs one command line to its end and returns the exit code: 0 done, 1 failed, 2 used wrongly; `wait`
 * has more. `more` are commands that are composed elsewhere, such as `up`.
 */
export async function runProgram(
  args: readonly string[],
  context: CliContext,
  more: readonly AddCommand[] = [],
): Promise<number> {
  let code = 0;
  const program = new Command('lamina')
    .description('GitOps for layered machine images.')
    .exitOverride()
    .showHelpAfterError('(add --help for more)')
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    });
  for (const add of [...more, ...COMMANDS]) {
    add(program, context, (given) => {
      code = given;
    });
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (isUsage(error)) return error.exitCode === 0 ? 0 : USAGE;
    const { message, hint } = failureData(error);
    context.stderr.write(`lamina: ${harmless(message)}\n`);
    if (hint !== undefined) context.stderr.write(`${harmless(hint)}\n`);
    return 1;
  }
}
