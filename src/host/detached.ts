import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { messageOf } from '../core/failure.ts';
import { plainEnvironment } from './run.ts';

/** How a process ended. */
export interface Ended {
  /** True for exit code 0. */
  readonly ok: boolean;
  readonly why: string;
}

/** A process that was started and may not be ready yet. */
export interface Started {
  readonly ended: Promise<Ended>;
}

/** Starts a program that goes on without us; a parameter, so that tests can break it. */
export type StartDetached = (
  program: string,
  args: readonly string[],
  logFile: string,
) => Promise<Started>;

/**
 * Starts a program in a session of its own, so that neither our end nor a signal from our terminal
 * ends it. What it says goes to the log file.
 */
export const startDetached: StartDetached = async (program, args, logFile) => {
  const log = await open(logFile, 'w', 0o600);
  try {
    const child = spawn(program, [...args], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: plainEnvironment(),
    });
    const ended = new Promise<Ended>((resolve) => {
      child.on('error', (error) => resolve({ ok: false, why: messageOf(error) }));
      child.on('exit', (code, signal) =>
        resolve({ ok: code === 0, why: `exit code ${code ?? signal ?? 'unknown'}` }),
      );
    });
    child.unref();
    return { ended };
  } finally {
    await log.close();
  }
};
