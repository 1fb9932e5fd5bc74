import { Failure, type Consequence } from '../core/failure.ts';
import { isObject } from '../core/json.ts';

/** Longest that a server may make us wait by Retry-After. */
const RETRY_AFTER_LIMIT_MS = 300_000;

const HINTS: Readonly<Record<number, string>> = {
  400: 'Correct what the message names.',
  401: 'Check the credentials in the kubeconfig.',
  403: 'Grant the right that the message names.',
  404: 'Create what the message names, or install the CRDs.',
  422: 'Correct the field that the message names.',
  507: 'Free space on the file system that the message names.',
};

/** An answer of the API server that is no success. */
export interface ErrorAnswer {
  readonly status: number;
  /** The parsed body, by the API's rules a `Status`; proxies send anything. */
  readonly body: unknown;
  /** Value of the header Retry-After. */
  readonly retryAfter?: string | undefined;
  /** What was asked, for answers that do not say. */
  readonly asked: string;
}

function consequenceOf(status: number): Consequence {
  if (status === 409) return 'Conflict';
  if (status === 401 || status === 403 || status === 507) return 'Denied';
  if (status === 429 || status === 503) return 'Busy';
  // 410 is an expired list or watch: reading again at the latest version cures it.
  if (status === 408 || status === 410) return 'Transient';
  return status >= 400 && status < 500 ? 'Impossible' : 'Transient';
}

function retryAfterMs(
  header: string | undefined,
  body: Record<string, unknown>,
): number | undefined {
  const details = isObject(body['details']) ? body['details']['retryAfterSeconds'] : undefined;
  const seconds = header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) : details;
  if (typeof seconds !== 'number' || !(seconds > 0)) return undefined;
  return Math.min(seconds * 1000, RETRY_AFTER_LIMIT_MS);
}

/** The failure that an answer means to callers: its code is `Status.reason`. */
export function statusFailure({ status, body, retryAfter, asked }: ErrorAnswer): Failure {
  const fields = isObject(body) ? body : {};
  const { reason, message } = fields;
  const consequence = consequenceOf(status);
  const hint = HINTS[status];
  const wait = retryAfterMs(retryAfter, fields);
  return new Failure({
    consequence,
    code:
      typeof reason === 'string' && /^[A-Z][A-Za-z]{0,63}$/.test(reason) ? reason : `Http${status}`,
    message:
      typeof message === 'string' && message !== ''
        ? message.slice(0, 8192)
        : `${asked}: the API server answered ${status}`,
    ...(hint === undefined ? {} : { hint }),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}

/** True if the server no longer has the history that a watch or a page asked for. */
export function isExpired(error: { readonly code: string }): boolean {
  return error.code === 'Expired' || error.code === 'Gone' || error.code === 'Http410';
}
