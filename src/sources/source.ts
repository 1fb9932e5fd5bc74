import { backoffMs, type Backoff } from '../core/backoff.ts';
import type { Clock, Random } from '../core/clock.ts';
import { failureData } from '../core/failure.ts';
import type { Log } from '../host/log.ts';
import type { KubeClient } from '../kube/client.ts';
import { applyReading, type Applied } from './apply.ts';
import type { Source } from './reading.ts';
import { fileProblem, formatProblem, type Problem } from './snapshot.ts';
import { Wake } from './wake.ts';

/** How a source stands. */
export interface SourceStatus {
  /** Newest revision that was read. */
  readonly revision?: string;
  /** Newest revision that was applied without a problem. */
  readonly appliedRevision?: string;
  /** When the source was last looked at, in milliseconds since the epoch. */
  readonly checkedAt?: number;
  /** Why nothing could be read or applied at the last look. */
  readonly failure?: string;
  /** Empty when all is well. */
  readonly problems: readonly Problem[];
}

/** What keeps a source applied. */
export interface SourceOptions {
  readonly name: string;
  readonly source: Source;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How often to look without being told; a tenth more or less, so that sources do not march in step. */
  readonly pollMs: number;
}

/** A source that is kept applied until it is stopped. */
export interface RunningSource {
  status(): SourceStatus;
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>;
}

const RETRY: Omit<Backoff, 'limitMs'> = { firstMs: 1000, jitter: 0.2 };

class Loop {
  private readonly options: SourceOptions;
  private readonly wake: Wake;
  private readonly over = new AbortController();
  private failures = 0;
  private said = '';
  status: SourceStatus = { problems: [] };

  constructor(options: SourceOptions) {
    this.options = options;
    this.wake = new Wake(options.clock);
  }

  async run(): Promise<void> {
    const { source } = this.options;
    const unwatch = source.watch?.(() => this.wake.now());
    while (!this.over.signal.aborted) {
      const goodForMs = await this.pass();
      await this.wake.wait(goodForMs, this.over.signal);
    }
    await unwatch?.();
  }

  stop(): void {
    this.over.abort();
  }

  /** Looks once; returns how long the outcome may stand. */
  private async pass(): Promise<number> {
    const { source, client, name, clock, pollMs, random } = this.options;
    const { signal } = this.over;
    try {
      const reading = await source.read(signal);
      this.status = { ...this.status, revision: reading.revision };
      const done = await applyReading(reading, { client, source: name, signal });
      this.wentWell();
      this.report(reading.revision, done);
      this.failures = 0;
      return backoffMs({ firstMs: pollMs, limitMs: pollMs, jitter: 0.1 }, 1, random);
    } catch (error) {
      if (signal.aborted) return 0;
      this.failures += 1;
      const { message, code } = failureData(error);
      this.status = { ...this.status, failure: `${code}: ${message}` };
      this.say([fileProblem('.', `${code}: ${message}`)]);
      return backoffMs({ ...RETRY, limitMs: pollMs }, this.failures, random);
    } finally {
      this.status = { ...this.status, checkedAt: clock.now() };
    }
  }

  private wentWell(): void {
    const { failure: _over, ...status } = this.status;
    this.status = status;
  }

  private report(revision: string, done: Applied): void {
    const { applied, unchanged, pruned, problems } = done;
    if (problems.length === 0) this.status = { ...this.status, appliedRevision: revision };
    if (applied + pruned > 0) {
      this.options.log.info('source applied', { revision, applied, unchanged, pruned });
    }
    this.say(problems);
  }

  /** The same trouble is told once, not with every look. */
  private say(problems: readonly Problem[]): void {
    this.status = { ...this.status, problems };
    const lines = problems.map(formatProblem);
    const text = lines.join('\n');
    if (text === this.said) return;
    this.said = text;
    for (const problem of lines) this.options.log.warn('source has a problem', { problem });
    if (lines.length === 0) this.options.log.info('source is well again');
  }
}

/** Keeps a source applied: within seconds where it can be watched, else at the next poll. */
export function startSource(options: SourceOptions): RunningSource {
  const log = options.log.child({ source: options.name });
  const loop = new Loop({ ...options, log });
  const ended = loop.run();
  return {
    status: () => loop.status,
    stop: async () => {
      loop.stop();
      await ended;
    },
  };
}
