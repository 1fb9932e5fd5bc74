import type { Readable, Writable } from 'node:stream';
import { failureData, foreignWords, impossible, isFailure, messageOf } from '../core/failure.ts';
import { isObject } from '../core/json.ts';
import { inTens } from './lines.ts';
import { runJob } from './run-job.ts';
import { JOB_KINDS, type JobLine, type JobSpec } from './spec.ts';
import type { JobTools } from './tools.ts';

const MOST_SPEC_BYTES = 4 * 2 ** 20;
const KINDS: ReadonlySet<unknown> = new Set(JOB_KINDS);

function parseSpec(line: string): JobSpec {
  const value: unknown = JSON.parse(line);
  const kind = isObject(value) ? value['kind'] : undefined;
  if (KINDS.has(kind)) return value as JobSpec;
  throw new TypeError('the specification names no kind of job');
}

/**
 * The first line is the specification. The stream stays open for as long as the parent lives; its
 * end, whenever it comes, means that nobody waits for us any more.
 */
function readSpec(input: Readable, gone: () => void): Promise<JobSpec> {
  return new Promise((resolve, reject) => {
    let text = '';
    input.setEncoding('utf8');
    input.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      try {
        if (end >= 0) resolve(parseSpec(text.slice(0, end)));
        else if (text.length > MOST_SPEC_BYTES)
          throw new RangeError('the specification is too long');
      } catch (error) {
        const hint = 'Give one job specification as a line of JSON.';
        reject(impossible('BadJobSpec', messageOf(error), hint));
      }
    });
    input.on('error', reject);
    input.on('end', () => {
      reject(impossible('BadJobSpec', 'no specification came', 'Give one line of JSON.'));
      gone();
    });
  });
}

/** What the surroundings of a job are made of; the worker adds the rest. */
export type WorkerTools = Omit<JobTools, 'progress' | 'signal'>;

/** What the process of a job is given by its entry. */
export interface WorkerOptions {
  readonly input: Readable;
  readonly output: Writable;
  /** Where the stack of an unclassified error goes. */
  readonly debug: Writable;
  /** Made when there is a job for them; that it fails is told like any failure. */
  readonly open: () => Promise<WorkerTools>;
}

/** Runs the job that comes on the input and tells how it goes on the output; returns the exit code. */
export async function work({ input, output, debug, open }: WorkerOptions): Promise<number> {
  const tell = (line: JobLine) => void output.write(`${JSON.stringify(line)}\n`);
  const stop = new AbortController();
  try {
    const spec = await readSpec(input, () => stop.abort());
    const progress = inTens((step, percent) => tell({ type: 'progress', step, percent }));
    await runJob(spec, { ...(await open()), progress, signal: stop.signal });
    tell({ type: 'done' });
    return 0;
  } catch (error) {
    tell({ type: 'failure', failure: failureData(error) });
    // Somebody debugs what nobody classified; the parent keeps standard error in its log.
    if (!isFailure(error) && error instanceof Error) {
      debug.write(`${foreignWords(String(error.stack))}\n`);
    }
    return 1;
  } finally {
    input.destroy();
  }
}
