import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import type { Clock } from '../core/clock.ts';
import { failureData, foreignWords, type FailureData } from '../core/failure.ts';
import { LineSplitter } from '../core/lines.ts';
import type { Log } from '../host/log.ts';
import { endedBy, plainEnvironment } from '../host/run.ts';
import { parseLine } from './lines.ts';
import type { JobLine, JobSpec } from './spec.ts';
import { WORKER_VARIABLE, type WorkerConfig } from './worker-config.ts';

/** How a job's process is started and limited. */
export interface ChildOptions {
  readonly nodePath: string;
  readonly workerPath: string;
  readonly worker: WorkerConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly env: Readonly<Record<string, string>>;
}

/** How a job's process ended: undefined for success. */
export type JobEnd = FailureData | undefined;

/** A job's process. */
export interface Child {
  /** Never rejects. */
  readonly ended: Promise<JobEnd>;
  /** Ends it and the programs it runs, and waits until they are gone. */
  kill(): Promise<void>;
}

/** Longer lines are no words of a job. */
const MOST_LINE_BYTES = 2 ** 20;
const MOST_STDERR = 8192;
const MEMORY_POLL_MS = 1000;

function crash(name: string, why: string): FailureData {
  return {
    consequence: 'Transient',
    code: 'JobCrashed',
    message: `the process of job ${name} ${why}`,
    hint: 'The log of the controller has its last words. It is started again.',
  };
}

/** Trouble of the host keeps its own name: it says more than that the job did not start. */
function notStarted(name: string, cause: FailureData): FailureData {
  const crashed = crash(name, `did not start: ${cause.message}`);
  return cause.code === 'Unexpected' ? crashed : { ...cause, message: crashed.message };
}

/** Resident memory of a process in MiB; 0 if it cannot be told. */
function memoryOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

class JobChild implements Child {
  readonly ended: Promise<JobEnd>;
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly stopLimits = new AbortController();
  private readonly name: string;
  private readonly options: ChildOptions;
  private verdict: Exclude<JobLine, { type: 'progress' }> | undefined;
  private killedWhy: string | undefined;
  private stderr = '';

  constructor(
    name: string,
    options: ChildOptions,
    onProgress: (step: string, percent: number) => void,
  ) {
    this.name = name;
    this.options = options;
    const { nodePath, workerPath, worker, memoryMb, env } = options;
    // The work folder may have been wiped; a process cannot start in a folder that is not.
    mkdirSync(worker.work, { recursive: true });
    this.process = spawn(nodePath, [`--max-old-space-size=${memoryMb}`, workerPath], {
      cwd: worker.work,
      // A group of its own, so that the programs it runs can be ended with it.
      detached: true,
      env: { ...plainEnvironment(), ...env, [WORKER_VARIABLE]: JSON.stringify(worker) },
    });
    this.ended = this.waitForEnd();
    // Where the host has no descriptor left, there are no streams either.
    if (this.process.pid === undefined) return;
    this.listen(onProgress);
    void this.limit();
  }

  /** Hands over the specification; the stream stays open, since its end tells that we are gone. */
  give(spec: JobSpec): void {
    if (this.process.pid !== undefined) this.process.stdin.write(`${JSON.stringify(spec)}\n`);
  }

  async kill(): Promise<void> {
    this.end('was stopped');
    await this.ended;
  }

  private listen(onProgress: (step: string, percent: number) => void): void {
    const lines = new LineSplitter(MOST_LINE_BYTES);
    this.process.stdout.on('data', (chunk: Buffer) => {
      for (const line of lines.push(chunk).map(parseLine)) {
        if (line?.type === 'progress') onProgress(line.step, line.percent);
        else if (line !== undefined) this.verdict = line;
      }
    });
    this.process.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr = (this.stderr + chunk).slice(-MOST_STDERR);
    });
    // A process that ends early breaks the pipe; how it ended tells more.
    this.process.stdin.on('error', () => undefined);
  }

  private waitForEnd(): Promise<JobEnd> {
    return new Promise((resolve) => {
      const done = (end: JobEnd) => {
        this.stopLimits.abort();
        if (this.stderr !== '') {
          this.options.log.warn('job said', { job: this.name, text: foreignWords(this.stderr) });
        }
        resolve(end);
      };
      this.process.on('error', (error) => done(notStarted(this.name, failureData(error))));
      // Programs that it ran and did not wait for would go on writing beside its successor.
      this.process.on('exit', () => this.killGroup());
      this.process.on('close', (code, signal) => done(this.endOf(code, signal)));
    });
  }

  private failed(why: string): JobEnd {
    return crash(this.name, why);
  }

  private endOf(code: number | null, signal: string | null): JobEnd {
    if (this.killedWhy !== undefined) return this.failed(this.killedWhy);
    if (signal !== null) return this.failed(endedBy(signal));
    if (this.verdict?.type === 'failure') return this.verdict.failure;
    if (code === 0 && this.verdict?.type === 'done') return undefined;
    return this.failed(`ended with exit code ${code ?? 'unknown'} and no result`);
  }

  private async limit(): Promise<void> {
    const { clock, timeoutMs, memoryMb } = this.options;
    const deadline = clock.elapsed() + timeoutMs;
    try {
      while (clock.elapsed() < deadline) {
        await clock.sleep(
          Math.min(MEMORY_POLL_MS, deadline - clock.elapsed()),
          this.stopLimits.signal,
        );
        if (memoryOf(this.process.pid ?? 0) > memoryMb) {
          return this.end(`needed more than ${memoryMb} MiB of memory`);
        }
      }
      this.end(`took longer than ${Math.round(timeoutMs / 1000)} seconds`);
    } catch {
      // It ended before its time was over.
    }
  }

  private end(why: string): void {
    const { exitCode, signalCode } = this.process;
    if (exitCode !== null || signalCode !== null) return;
    this.killedWhy ??= why;
    this.killGroup();
  }

  private killGroup(): void {
    const { pid } = this.process;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  }
}

/** Starts the process of a job. */
export function startChild(
  name: string,
  spec: JobSpec,
  options: ChildOptions & { readonly onProgress: (step: string, percent: number) => void },
): Child {
  const child = new JobChild(name, options, options.onProgress);
  child.give(spec);
  return child;
}
