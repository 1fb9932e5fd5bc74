import { isObject } from './json.ts';
import { cleanLine, cleanText, withoutSecrets } from './text.ts';

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

/** Longest message; an API server lists many refused fields in one. */
const MOST_MESSAGE = 8192;

/** Longest text of a foreign error that is read at all. */
const MOST_FOREIGN = 2 * MOST_MESSAGE;

/**
 * The one error class of the project: a FailureData that can be thrown. Words of guests, platforms, programs
 * and libraries end up in messages, so that every message is cleaned and loses secrets here.
 */
export class Failure extends Error implements FailureData {
  readonly consequence: Consequence;
  readonly code: string;
  readonly hint?: string;
  readonly retryAfterMs?: number;

  constructor(data: FailureData, cause?: unknown) {
    const message = cleanLine(foreignWords(data.message), MOST_MESSAGE);
    super(message, cause === undefined ? undefined : { cause });
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

/** Words of somebody else as they may be shown and logged: cleaned, bounded, and without secrets. */
export function foreignWords(text: string): string {
  return withoutSecrets(cleanText(text.slice(0, MOST_FOREIGN)));
}

/** The code of anything thrown: that of a failure, or the operating system's name of an error. */
export function codeOf(error: unknown): unknown {
  return isObject(error) ? error['code'] : undefined;
}

/** The text of anything thrown, which may have come from any library. */
export function messageOf(error: unknown): string {
  if (isFailure(error)) return error.message;
  const isError = typeof error === 'object' && error !== null && 'message' in error;
  return foreignWords(String(isError ? error.message : error));
}

const FILES_HINT = 'Close what holds many files, or raise the limit of open files (ulimit -n).';
const ROOM_HINT = 'Free space on the file system, or make it larger.';

/** What the operating system says when the host itself is in trouble. */
const HOST_TROUBLE: Readonly<Record<string, Omit<FailureData, 'message'>>> = {
  ENOSPC: { consequence: 'Denied', code: 'NoRoom', hint: ROOM_HINT },
  EDQUOT: { consequence: 'Denied', code: 'NoRoom', hint: ROOM_HINT },
  EMFILE: { consequence: 'Transient', code: 'TooManyFiles', hint: FILES_HINT },
  ENFILE: { consequence: 'Transient', code: 'TooManyFiles', hint: FILES_HINT },
};

function unclassified(error: unknown): Omit<FailureData, 'message'> {
  const code = codeOf(error);
  const trouble = typeof code === 'string' ? HOST_TROUBLE[code] : undefined;
  return trouble ?? { consequence: 'Transient', code: 'Unexpected' };
}

/** Anything thrown, as data. What nobody classified is a bug or an outage: retried, and visible. */
export function failureData(error: unknown): FailureData {
  if (!isFailure(error)) return { ...unclassified(error), message: messageOf(error) };
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
