import type { Clock } from '../core/clock.ts';
import type { Run } from '../host/run.ts';

/** What a job works with; built in the job's own process, or by a test. */
export interface JobTools {
  readonly run: Run;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A folder with a short path, for sockets. */
  readonly runDir: string;
  /** Makes a value that no guest can guess. */
  readonly nonce: () => string;
  readonly fetchMedia: FetchMedia;
  readonly progress: (step: string, percent: number) => void;
}

/** Fetches a file of an installation to its place, once. */
export type FetchMedia = (
  wanted: { readonly url: string; readonly sha256: string; readonly path: string },
  signal: AbortSignal,
) => Promise<void>;
