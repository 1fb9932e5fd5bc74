import type { ApiResponse } from '../../core/transport.ts';
import type { ApiError } from '../model/errors.ts';

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const COMMON = { 'cache-control': 'no-cache, private', vary: 'accept' };

/** The media type of everything but tables of discovery. */
const JSON_TYPE = 'application/json';

/** An answer of one piece. */
export function answer(
  status: number,
  content: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): ApiResponse {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return {
    status,
    headers: {
      ...COMMON,
      'content-type': JSON_TYPE,
      'content-length': String(bytes.length),
      ...headers,
    },
    body: once(bytes),
  };
}

/** An answer that goes on piece by piece; its headers are sent before the first. */
export function streamAnswer(body: AsyncIterable<Uint8Array>): ApiResponse {
  return { status: 200, headers: { ...COMMON, 'content-type': JSON_TYPE }, body };
}

/** The answer of a failed request. */
export function errorAnswer(error: ApiError): ApiResponse {
  const { status } = error;
  const retryAfter = status.details?.retryAfterSeconds;
  return answer(status.code, JSON.stringify(status), {
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    ...warningHeaders(error.warnings),
  });
}

/** One item of a `Warning` header: printable ASCII, quoted, bounded. */
function warning(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, '?').slice(0, 1024);
  return `299 - "${plain.replace(/[\\"]/g, '\\$&')}"`;
}

/** Headers that carry warnings to whoever called. */
export function warningHeaders(warnings: readonly string[]): Readonly<Record<string, string>> {
  if (warnings.length === 0) return {};
  return { warning: warnings.slice(0, 16).map(warning).join(', ') };
}
