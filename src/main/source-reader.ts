import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { denied, transient, type Failure } from '../core/failure.ts';
import { isMissing } from '../host/files.ts';
import type { Log } from '../host/log.ts';
import { endedBy, plainEnvironment } from '../host/run.ts';
import { linesOf } from '../kube/lines.ts';
import { GIT_VARIABLES } from '../sources/git-repository.ts';
import { refused } from '../sources/read-source.ts';
import type { Reading, ReadRequest, ReadSource } from '../sources/reading.ts';
import { HeardReading, MAX_LINE_BYTES } from '../sources/reading-lines.ts';

/** What one reading may take. The kernel sees to all but the time; programs that a reader runs inherit it. */
export interface ReaderLimits {
  /** Heap of the reader. Node itself reserves about 600 MiB beside it, of which it uses little. */
  readonly heapMb: number;
  /** Writable memory of every process. */
  readonly memoryMb: number;
  /** Largest file that git may write, which is the pack of one commit. */
  readonly fileMb: number;
  readonly processorSeconds: number;
  readonly timeoutMs: number;
}

const LIMITS: ReaderLimits = {
  heapMb: 384,
  memoryMb: 1280,
  fileMb: 1024,
  processorSeconds: 120,
  timeoutMs: 600_000,
};

/** How readers are started. */
export interface ReaderOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly limits?: Partial<ReaderLimits>;
}

const MIB = 2 ** 20;
const MOST_STDERR = 8192;
// As this file: .ts from source, .js when published.
const WORKER = join(import.meta.dirname, `read-worker${import.meta.filename.slice(-3)}`);
/** How the kernel and Node end a process that wants too much, or that its input has broken. */
const OVER_LIMIT: ReadonlySet<unknown> = new Set([
  'SIGABRT',
  'SIGTRAP',
  'SIGILL',
  'SIGSEGV',
  'SIGBUS',
]);

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How a process ended; throws if it could not be started. */
function endOf(child: ChildProcessWithoutNullStreams): Promise<End> {
  const { promise, resolve, reject } = Promise.withResolvers<End>();
  child.once('error', reject).once('close', (code, signal) => resolve({ code, signal }));
  return promise;
}

class Reader {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly limits: ReaderLimits;
  private readonly heard = new HeardReading();
  private readonly over = new AbortController();
  private late = false;
  private stderr = '';

  constructor(limits: ReaderLimits, environment: ReaderOptions['environment']) {
    this.limits = limits;
    const { heapMb, memoryMb, fileMb, processorSeconds } = limits;
    const kernel = [
      `--data=${memoryMb * MIB}`,
      `--fsize=${fileMb * MIB}`,
      `--cpu=${processorSeconds}:${processorSeconds + 10}`,
      '--core=0',
    ];
    // Whoever asks the API comes first.
    const node = ['nice', '-n', '10', process.execPath, `--max-old-space-size=${heapMb}`, WORKER];
    this.process = spawn('prlimit', [...kernel, ...node], {
      // A group of its own, so that the programs it runs can be ended with it.
      detached: true,
      env: { ...plainEnvironment(), ...chosen(environment) },
    });
  }

  async read(request: ReadRequest, clock: Clock): Promise<Reading | undefined> {
    const { stdin, stdout, stderr } = this.process;
    const closed = endOf(this.process);
    stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr = (this.stderr + chunk).slice(-MOST_STDERR);
    });
    // A process that ends early breaks the pipe; how it ended tells more.
    stdin.on('error', () => undefined);
    stdin.write(`${JSON.stringify(request)}\n`);
    void this.limitTime(clock);
    const listening = this.listen(stdout);
    try {
      const [, { code, signal }] = await Promise.all([listening, closed]);
      return this.result(code, signal);
    } catch (error) {
      if (!isMissing(error)) throw error;
      const message = 'the program prlimit is not installed';
      throw denied('ProgramMissing', message, 'Install the Debian package util-linux.');
    } finally {
      this.over.abort();
      this.kill();
    }
  }

  kill(): void {
    const { pid } = this.process;
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  }

  get lastWords(): string {
    return this.stderr;
  }

  private async listen(stdout: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const line of linesOf(stdout, MAX_LINE_BYTES)) this.heard.take(line);
    } catch {
      // Half a line, as a process leaves that was ended; how it ended tells more.
      this.kill();
    }
  }

  private async limitTime(clock: Clock): Promise<void> {
    try {
      await clock.sleep(this.limits.timeoutMs, this.over.signal);
      this.late = true;
      this.kill();
    } catch {
      // It ended before its time was over.
    }
  }

  private result(code: number | null, signal: string | null): Reading | undefined {
    const { end, revision } = this.heard;
    if (end === 'unchanged') return undefined;
    if (end === 'read' && revision !== undefined) return this.heard.reading(revision);
    if (end !== undefined && end !== 'read') throw end;
    const limit = this.limitHit(signal);
    if (limit === undefined)
      throw crashed(signal === null ? `ended with exit code ${code}` : endedBy(signal));
    const { file } = this.heard;
    const message = `reading the source needs more than ${limit}`;
    const hint = 'Split the file, or keep manifests in a repository or folder of their own.';
    if (revision === undefined) throw denied('SourceOverLimit', message, hint);
    return refused(revision, { message, hint, ...(file === undefined ? {} : { file }) });
  }

  private limitHit(signal: string | null): string | undefined {
    const { heapMb, timeoutMs, processorSeconds } = this.limits;
    if (this.late) return `${timeoutMs / 1000} seconds`;
    if (signal === 'SIGXCPU') return `${processorSeconds} seconds of processor time`;
    return OVER_LIMIT.has(signal) ? `${heapMb} MiB of memory` : undefined;
  }
}

function crashed(how: string): Failure {
  return transient('ReaderCrashed', `the process that reads the source ${how}`);
}

function chosen(environment: ReaderOptions['environment']): Record<string, string> {
  return Object.fromEntries(
    [...GIT_VARIABLES, 'NODE_COMPILE_CACHE'].flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

/**
 * Reads sources, each time in a process of its own with limits: whatever a repository holds, it costs this
 * process no more than the answer.
 */
export function sourceReader(options: ReaderOptions): ReadSource {
  const { clock, log, environment } = options;
  const limits = { ...LIMITS, ...options.limits };
  return async (request, signal) => {
    signal.throwIfAborted();
    const reader = new Reader(limits, environment);
    const stop = () => reader.kill();
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await reader.read(request, clock);
    } finally {
      signal.removeEventListener('abort', stop);
      if (reader.lastWords !== '') log.warn('a reader said', { text: reader.lastWords });
    }
  };
}
