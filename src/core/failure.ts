/**
 * Every failure is classified by its consequence: what the queue does next and what people see.
 * Transient, Conflict, Busy and Lost are retried; Denied is rechecked slowly because the cure lies
 * outside the spec; Impossible stalls until the spec or the configuration changes.
 */
export type Consequence = 'Transient' | 'Conflict' | 'Busy' | 'Lost' | 'Denied' | 'Impossible';

/** The parts of a failure that are safe to show and to store. */
export interface FailureData {
  readonly consequence: Consequence;
  /** Stable CamelCase name; tests and people search for it. */
  readonly code: string;
  /** One sentence that names the object and the cause. Never holds a secret. */
  readonly message: string;
  /** What the person should do next. */
  readonly hint?: string;
  readonly retryAfterMs?: number;
}

/** The one error class of the project: a FailureData that can be thrown. */
export class Failure extends Error implements FailureData {
  readonly consequence: Consequence;
  readonly code: string;
  readonly hint?: string;
  readonly retryAfterMs?: number;

  constructor(data: FailureData, cause?: unknown) {
    super(data.message, cause === undefined ? undefined : { cause });
    this.name = 'Failure';
    this.consequence = data.consequence;
    this.code = data.code;
    if (data.hint !== undefined) this.hint = data.hint;
    if (data.retryAfterMs !== undefined) this.retryAfterMs = data.retryAfterMs;
  }
}

const CONSEQUENCES: ReadonlySet<unknown> = new Set([
  'Transient',
  'Conflict',
  'Busy',
  'Lost',
  'Denied',
  'Impossible',
]);

/**
 * Recognizes a failure by its shape. `instanceof` is no use: errors cross realms under Jest and
 * processes in jobs.
 */
export function isFailure(error: unknown): error is Failure {
  return (
    typeof error === 'object' &&
    error !== null &&
    'consequence' in error &&
    CONSEQUENCES.has(error.consequence) &&
    'code' in error &&
    'message' in error
  );
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) {
    return String(error.message);
  }
  return String(error);
}

/** Anything thrown, as data. What nobody classified is a bug or an outage: retried, and visible. */
export function failureData(error: unknown): FailureData {
  if (!isFailure(error)) {
    return { consequence: 'Transient', code: 'Unexpected', message: messageOf(error) };
  }
  const { consequence, code, message, hint, retryAfterMs } = error;
  return {
    consequence,
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** A failure that spec and configuration alone explain: nothing but an edit cures it. */
export function impossible(code: string, message: string, hint: string): Failure {
  return new Failure({ consequence: 'Impossible', code, message, hint });
}

/** A failure that is expected to go away by itself. */
export function transient(code: string, message: string, cause?: unknown): Failure {
  return new Failure({ consequence: 'Transient', code, message }, cause);
}

/** A failure whose cure lies outside the spec: credentials, rights, capacity. */
export function denied(code: string, message: string, hint: string): Failure {
  return new Failure({ consequence: 'Denied', code, message, hint });
}
