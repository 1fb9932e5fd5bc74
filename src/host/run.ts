import { spawn } from 'node:child_process';
import { Failure, failureData } from '../core/failure.ts';
import { isMissing } from './files.ts';

/** How a program is run. Arguments are never given to a shell. */
export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly cwd?: string;
  /** The whole environment of the program; `PATH` and a neutral locale by default. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** Hears standard output as it comes, for programs that say how far they are. */
  readonly onStdout?: (text: string) => void;
  /** Longest run time; 10 minutes by default, 0 for none. */
  readonly timeoutMs?: number;
  /** Most bytes kept of each output stream; a program that writes more is killed. 16 MiB by default. */
  readonly maxOutputBytes?: number;
  /** Exit codes that are no failure; only 0 by default. */
  readonly okCodes?: readonly number[];
}

/** What a program left. */
export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program: a parameter wherever one is needed, so that tests can count and break the calls. */
export type Run = (
  program: string,
  args: readonly string[],
  options?: RunOptions,
) => Promise<RunResult>;

/**
 * The environment of every program that we start: nothing of ours but PATH, with the system folders
 * that hold file system tools, which plain users often lack, and a neutral locale.
 */
export function plainEnvironment(): Readonly<Record<string, string>> {
  const path = process.env['PATH'] ?? '/usr/bin:/bin';
  return { PATH: `${path}:/usr/sbin:/sbin`, LC_ALL: 'C.UTF-8' };
}

/** What others send; a program brings all other signals upon itself. */
const FROM_OUTSIDE: ReadonlySet<string | null> = new Set([
  'SIGKILL',
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
]);
const DEFAULT_LIMIT = 16 * 2 ** 20;
const TIMEOUT_MS = 600_000;

function programFailure(program: string, code: string, message: string): Failure {
  return new Failure({ consequence: 'Transient', code, message: `${program}: ${message}` });
}

function notStarted(program: string, error: unknown): Failure {
  if (!isMissing(error)) {
    const data = failureData(error);
    const code = data.code === 'Unexpected' ? 'ProgramNotStarted' : data.code;
    return new Failure({ ...data, code, message: `${program}: ${data.message}` });
  }
  return new Failure({
    consequence: 'Denied',
    code: 'ProgramMissing',
    message: `the program ${program} is not installed`,
    hint: `Install the Debian package that holds ${program}; "make setup" lists all that are needed.`,
  });
}

/** What a signal from outside means; that the host kills for want of memory is told nowhere else. */
export function endedBy(signal: string | null): string {
  const guess = signal === 'SIGKILL' ? ' (did the host run out of memory?)' : '';
  return `was killed by ${signal ?? 'a signal'}${guess}`;
}

class Collected {
  private readonly chunks: Buffer[] = [];
  private size = 0;

  add(chunk: Buffer): number {
    this.chunks.push(chunk);
    this.size += chunk.length;
    return this.size;
  }

  text(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }
}

interface End {
  readonly code: number | null;
  readonly killedBy: string | null;
  readonly stdout: Collected;
  readonly stderr: Collected;
  /** It was ended by us: for its time, or for what it wrote. */
  readonly timedOut: boolean;
  readonly tooMuch: boolean;
  readonly options: RunOptions;
}

/** Why an end is not the one that was wanted. */
function wrongEnd(program: string, end: End): Failure | undefined {
  const { code, killedBy, stdout, stderr, timedOut, tooMuch } = end;
  const { okCodes = [0], timeoutMs = TIMEOUT_MS, maxOutputBytes = DEFAULT_LIMIT } = end.options;
  if (tooMuch) {
    return programFailure(program, 'ProgramTooChatty', `wrote more than ${maxOutputBytes} bytes`);
  }
  if (timedOut) {
    return programFailure(
      program,
      'ProgramTimedOut',
      `took longer than ${timeoutMs / 1000} seconds`,
    );
  }
  if (code === null) {
    const end = FROM_OUTSIDE.has(killedBy) ? 'ProgramKilled' : 'ProgramCrashed';
    return programFailure(program, end, endedBy(killedBy));
  }
  if (okCodes.includes(code)) return undefined;
  const words = (stderr.text().trim() || stdout.text().trim()).slice(-2000);
  return programFailure(program, 'ProgramFailed', `exit code ${code}: ${words}`);
}

/** Runs a program to its end with limits on time and output. Throws a Failure with its last words. */
export const run: Run = (program, args, options = {}) => {
  const {
    signal,
    cwd,
    stdin,
    onStdout,
    timeoutMs = TIMEOUT_MS,
    maxOutputBytes = DEFAULT_LIMIT,
  } = options;
  const env = options.env ?? plainEnvironment();
  return new Promise<RunResult>((resolve, reject) => {
    const child = spawn(program, [...args], {
      env: { ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      ...(cwd === undefined ? {} : { cwd }),
      ...(signal === undefined ? {} : { signal }),
    });
    let failure: Failure | undefined;
    child.on('error', (error) => {
      failure = notStarted(program, error);
      // One that runs is only being ended: whoever waits must not go on while it still holds things.
      if (child.pid === undefined) reject(failure);
    });
    // Where the host has no descriptor left, there are no streams either.
    if (child.pid === undefined) return;
    const [stdout, stderr] = [new Collected(), new Collected()];
    let tooMuch = false;
    for (const [stream, collected] of [
      [child.stdout, stdout],
      [child.stderr, stderr],
    ] as const) {
      stream.on('data', (chunk: Buffer) => {
        if (collected.add(chunk) <= maxOutputBytes) return;
        tooMuch = true;
        child.kill('SIGKILL');
      });
    }
    // A program may end without reading its input; its exit code tells, not the broken pipe.
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
    if (onStdout !== undefined) child.stdout.on('data', (chunk) => onStdout(String(chunk)));
    child.on('close', (code, killedBy) => {
      failure ??= wrongEnd(program, {
        code,
        killedBy,
        stdout,
        stderr,
        options,
        tooMuch,
        timedOut: child.killed && code === null,
      });
      if (failure !== undefined) reject(failure);
      else resolve({ code: code ?? 0, stdout: stdout.text(), stderr: stderr.text() });
    });
  });
};
