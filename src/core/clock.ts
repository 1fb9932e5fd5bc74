/** Time as a parameter. The real one is built in `src/main`; tests move theirs by hand. */
export interface Clock {
  /** Milliseconds since the epoch: for what people see and what is stored. Whoever sets the clock moves it. */
  now(): number;
  /** Milliseconds since some moment of this process, whatever the clock shows: for everything that is measured. */
  elapsed(): number;
  /** Resolves after `delayMs`, or rejects as soon as the signal aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** Randomness as a parameter: uniform in [0, 1). */
export type Random = () => number;

/** Milliseconds since the epoch; NaN, which is neither before nor after anything, where it is not known. */
export function instantOf(text: string | undefined): number {
  return text === undefined ? Number.NaN : Date.parse(text);
}

/** An instant as Kubernetes writes it: UTC, whole seconds. */
export function timestamp(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
}

/** An instant as Kubernetes writes it where microseconds count, as in leases. */
export function microTimestamp(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, -1)}000Z`;
}
