import type { FieldError } from '../../api/validation/field-error.ts';
import type { FailureData } from '../../core/failure.ts';
import { ApiError, invalid, tooLarge } from '../model/errors.ts';

/** 404: nothing is served at this path. */
export function noSuchPath(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** 405: the path exists, the method does not. */
export function methodNotAllowed(): ApiError {
  const text = 'the server does not allow this method on the requested resource';
  return new ApiError(405, 'MethodNotAllowed', text, {});
}

/** 406: none of the accepted media types is written here. */
export function notAcceptable(): ApiError {
  const text = 'only the following media types are accepted: application/json';
  return new ApiError(406, 'NotAcceptable', text);
}

/** 401: no token, or not ours. */
export function unauthorized(): ApiError {
  return new ApiError(401, 'Unauthorized', 'Unauthorized');
}

/** 403: the request smells of a browser that was lured here. */
export function forbiddenRequest(why: string): ApiError {
  return new ApiError(403, 'Forbidden', `forbidden: ${why}`, {});
}

/** 429: as many requests are served as the server is willing to. */
export function tooManyRequests(): ApiError {
  const text = 'the server has received too many requests and has asked us to try again later';
  return new ApiError(429, 'TooManyRequests', text, { retryAfterSeconds: 1 });
}

/** 413: the body is larger than any object may be. */
export function bodyTooLarge(limitBytes: number): ApiError {
  return tooLarge(`Request entity too large: limit is ${limitBytes}`);
}

/** 408: the body did not arrive in time. */
export function bodyTooSlow(): ApiError {
  return new ApiError(408, 'Timeout', 'the request body did not arrive in time');
}

/** 500: a fault of ours; the log has the details. */
export function internalError(): ApiError {
  return new ApiError(500, 'InternalError', 'Internal error occurred: see the log of the server');
}

/** 507: there is no room to store it. Nothing was changed. */
export function noSpace({ message, hint }: FailureData): ApiError {
  // Without a time to try again: clients would wait and say nothing.
  return new ApiError(507, 'InsufficientStorage', `nothing was stored: ${message}. ${hint}`);
}

/** 422: the options of a request are wrong. */
export function invalidOptions(kind: string, errors: readonly FieldError[]): ApiError {
  const resource = { group: 'meta.k8s.io', kind, plural: kind };
  return invalid(resource, '', errors);
}
