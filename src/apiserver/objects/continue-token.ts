import { isObject } from '../../core/json.ts';
import { badRequest } from '../model/errors.ts';

/** Where a list goes on: the revision of its first page, and the last key that was shown. */
export interface ContinueToken {
  readonly revision: number;
  readonly after: { readonly namespace: string; readonly name: string };
  /** So many rows are left, if the first page counted: to count again would cost more than a page. */
  readonly rest?: number;
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

/** Writes a token; opaque to clients. */
export function encodeToken(token: ContinueToken): string {
  const { revision, after, rest } = token;
  const parts = [revision, after.namespace, after.name, rest];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** Reads a token; 400 when it is not one of ours. */
export function decodeToken(text: string): ContinueToken {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    parts = undefined;
  }
  const [revision, namespace, name, rest] = Array.isArray(parts) && !isObject(parts) ? parts : [];
  if (
    typeof revision !== 'number' ||
    !Number.isSafeInteger(revision) ||
    typeof namespace !== 'string' ||
    typeof name !== 'string'
  ) {
    throw badRequest('continue key is not valid');
  }
  return { revision, after: { namespace, name }, ...(isCount(rest) ? { rest } : {}) };
}
