import { denied, type Failure } from '../core/failure.ts';

/** Headers of a request as `requestHeaders` lets them through. Their values are secret. */
export type RequestHeaders = Readonly<Record<string, string>>;

const MOST_HEADERS = 16;
const MOST_BYTES = 8192;

/** A token of RFC 9110, section 5.6.2. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What RFC 9110, section 5.5, calls field content, without obsolete bytes and tabs. */
const VALUE = /^[!-~]([ -~]*[!-~])?$/;

/** They are about one connection or frame the message (RFC 9110, section 7.6; RFC 9112), or ask for other bytes than the file. */
const NOT_THEIRS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function wrongWith(name: string, value: string): string | undefined {
  if (!NAME.test(name)) return 'one of its keys is no name of a header';
  if (NOT_THEIRS.has(name.toLowerCase())) return `${name} is no header that may be set`;
  return VALUE.test(value) ? undefined : `the value of ${name} is no line of printable ASCII`;
}

function wrongWithAll(entries: readonly (readonly [string, string])[]): string | undefined {
  if (entries.length === 0) return 'it is empty';
  if (entries.length > MOST_HEADERS) return `it has more than ${MOST_HEADERS} keys`;
  const bytes = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (bytes > MOST_BYTES) return `it is larger than ${MOST_BYTES} bytes`;
  const names = new Set(entries.map(([name]) => name.toLowerCase()));
  if (names.size < entries.length) return 'two of its keys are the same header';
  return entries.map(([name, value]) => wrongWith(name, value)).find((one) => one !== undefined);
}

function refused(source: string, why: string): Failure {
  const hint =
    'Let each key be the name of a header, and its value one line without a line break, as of `kubectl create secret generic NAME --from-literal=Authorization="Bearer …"`.';
  return denied('HeadersRefused', `${source} cannot be sent as headers: ${why}`, hint);
}

/** Takes keys and values for headers of a request, if they can be no more than that. No message holds a value. */
export function requestHeaders(data: RequestHeaders, source: string): RequestHeaders {
  const why = wrongWithAll(Object.entries(data));
  if (why !== undefined) throw refused(source, why);
  return data;
}
