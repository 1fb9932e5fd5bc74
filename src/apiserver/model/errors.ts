import type { FieldError } from '../../api/validation/field-error.ts';
import type { ServedResource } from './resource.ts';

/** One cause in the details of a Status. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** The details of a Status; kubectl composes its messages from them. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** The plural for most errors, the kind for Invalid, as upstream. */
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** The `Status` object of a failed request. */
export interface FailureStatus {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: 'Failure';
  readonly message: string;
  /** Absent where upstream does not know what to call it. */
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

/** What the server answers instead of a result; `status` is the body of the answer. */
export class ApiError extends Error {
  readonly status: FailureStatus;
  /** What was odd about the request besides. */
  warnings: readonly string[] = [];

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.name = 'ApiError';
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason === '' ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

/** Recognizes an ApiError by its shape; `instanceof` fails across realms. */
export function isApiError(error: unknown): error is ApiError {
  return error instanceof Error && error.name === 'ApiError' && 'status' in error;
}

/** Does something; if it fails, its error carries the warnings that are known already. */
export function warned<Result>(warnings: readonly string[], act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (isApiError(error)) error.warnings = warnings;
    throw error;
  }
}

type Named = Pick<ServedResource, 'group' | 'plural' | 'kind'>;

/** An object as it stands in messages: `applayers.lamina.dev "one"`, `secrets "one"`. */
function told({ plural, group }: Named, name: string): string {
  return `${group === '' ? plural : `${plural}.${group}`} "${name}"`;
}

function detailsOf(resource: Named, name: string): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    ...(resource.plural === '' ? {} : { kind: resource.plural }),
  };
}

/** 400: the request cannot be understood. */
export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message);
}

/** Errors of bodies, which patches tell in another way. */
const bodies = new WeakSet<ApiError>();

/** 400: the body is no object of its kind. After a patch, which made the object, it is a 422. */
export function badBody(message: string): ApiError {
  const error = badRequest(message);
  bodies.add(error);
  return error;
}

/** 404: no such object. */
export function notFound(resource: Named, name: string): ApiError {
  const text = `${told(resource, name)} not found`;
  return new ApiError(404, 'NotFound', text, detailsOf(resource, name));
}

/** 409: the name is taken. */
export function alreadyExists(resource: Named, name: string): ApiError {
  const text = `${told(resource, name)} already exists`;
  return new ApiError(409, 'AlreadyExists', text, detailsOf(resource, name));
}

/** 409: the object is not what the client thinks. */
export function conflict(resource: Named, name: string, cause: string): ApiError {
  const text = `Operation cannot be fulfilled on ${told(resource, name)}: ${cause}`;
  return new ApiError(409, 'Conflict', text, detailsOf(resource, name));
}

/** 403: understood, and not allowed. */
export function forbidden(
  resource: Named,
  name: string,
  why: string,
  causes?: readonly StatusCause[],
): ApiError {
  const text = `${told(resource, name)} is forbidden: ${why}`;
  const details = { ...detailsOf(resource, name), ...(causes === undefined ? {} : { causes }) };
  return new ApiError(403, 'Forbidden', text, details);
}

/** 410: the revision that was asked for is no longer kept. */
export function expired(message: string): ApiError {
  return new ApiError(410, 'Expired', message);
}

/** 415: the body is in a format that is not read here. */
export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  const list = accepted.join(', ');
  const text = `the body of the request was in an unknown format - accepted media types include: ${list}`;
  return new ApiError(415, 'UnsupportedMediaType', text);
}

/** 413: more than the server takes or stores. */
export function tooLarge(message: string): ApiError {
  return new ApiError(413, 'RequestEntityTooLarge', message);
}

/** 504: the client knows a revision that this server has not reached. */
export function tooNew(asked: number, head: number): ApiError {
  const text = `Too large resource version: ${asked}, current: ${head}`;
  return new ApiError(504, 'Timeout', text, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/** 422: a patch that is well-formed and cannot be applied. */
export function unprocessable(message: string): ApiError {
  // No cause: kubectl would print a field before it, and there is none.
  return new ApiError(422, 'Invalid', `the patch cannot be applied: ${message}`, {});
}

/** 422 where a patch has made what is no object of its kind; all other errors stay as they are. */
export function ofPatch(error: unknown): unknown {
  if (!isApiError(error) || !bodies.has(error)) return error;
  const message = `Invalid value: ${error.message}`;
  const none = { group: '', kind: '', plural: '' };
  return invalid(none, '', [{ field: 'patch', type: 'FieldValueInvalid', message }]);
}

/** 422: the object breaks rules; one cause per field. */
export function invalid(resource: Named, name: string, errors: readonly FieldError[]): ApiError {
  // What is wrong twice is told once, and listed twice.
  const lines = [...new Set(errors.map(({ field, message }) => `${field}: ${message}`))];
  const list = lines.length === 1 ? lines.join('') : `[${lines.join(', ')}]`;
  const subject = { ...resource, plural: resource.kind };
  const causes = errors.map(({ field, type, message }) => ({ reason: type, message, field }));
  const details = { ...detailsOf(subject, name), causes };
  return new ApiError(422, 'Invalid', `${told(subject, name)} is invalid: ${list}`, details);
}
