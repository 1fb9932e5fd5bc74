import { isObject } from '../../core/json.ts';
import { MESSAGES, type Field } from './messages.ts';
import { MalformedMessage, wireFields } from './wire.ts';

type Fields = Record<string, unknown>;
type Content = bigint | Buffer;

const MAGIC = Buffer.from('k8s\0', 'latin1');

function bytesOf(content: Content): Buffer {
  if (typeof content === 'bigint') throw new MalformedMessage('a number stands for a text');
  return content;
}

function numberOf(content: Content): number {
  if (typeof content !== 'bigint') throw new MalformedMessage('a text stands for a number');
  const value = Number(content);
  if (!Number.isSafeInteger(value)) throw new MalformedMessage('a number is too large');
  return value;
}

const strict = new TextDecoder('utf-8', { fatal: true });

function textOf(content: Content): string {
  try {
    return strict.decode(bytesOf(content));
  } catch {
    throw new MalformedMessage('a text is not UTF-8');
  }
}

/** Kubernetes' Time: absent when zero; MicroTime with six digits. */
function timeOf(content: Content, micro: boolean): string | undefined {
  const { seconds, nanos } = decodeMessage('Time', content);
  if (seconds === undefined && nanos === undefined) return undefined;
  const at = Number(seconds ?? 0);
  if (Math.abs(at) > 8.64e12) throw new MalformedMessage('a time is out of range');
  const whole = new Date(at * 1000).toISOString().slice(0, 19);
  const fraction = String(Math.floor(Number(nanos ?? 0) / 1000)).padStart(6, '0');
  return micro ? `${whole}.${fraction}Z` : `${whole}Z`;
}

/** Adds an entry as own data, whatever its key is called. */
function put(target: Fields, key: string, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** Appends to the list that earlier fields of the same number began. */
function appended(earlier: unknown, item: unknown): readonly unknown[] {
  const list: unknown[] = Array.isArray(earlier) ? earlier : [];
  list.push(item);
  return list;
}

function withEntry({ key = '', value = '' }: Fields, earlier: unknown): Fields {
  const map = isObject(earlier) ? earlier : {};
  put(map, String(key), Buffer.isBuffer(value) ? value.toString('base64') : value);
  return map;
}

/** Undefined leaves a field out, as Go's `omitempty` does for zero values. */
const SCALARS: Readonly<Record<string, (content: Content, earlier: unknown) => unknown>> = {
  string: (content) => textOf(content) || undefined,
  'string?': textOf,
  int: (content) => numberOf(content) || undefined,
  'int?': numberOf,
  bool: (content) => numberOf(content) !== 0 || undefined,
  'bool?': (content) => numberOf(content) !== 0,
  bytes: bytesOf,
  time: (content) => timeOf(content, false),
  microTime: (content) => timeOf(content, true),
  stringMap: (content, earlier) => withEntry(decodeMessage('StringEntry', content), earlier),
  bytesMap: (content, earlier) => withEntry(decodeMessage('BytesEntry', content), earlier),
};

function decodeField({ type, isList }: Field, content: Content, earlier: unknown): unknown {
  const scalar = SCALARS[type];
  const value = scalar === undefined ? decodeMessage(type, content) : scalar(content, earlier);
  return isList ? appended(earlier, value) : value;
}

function decodeMessage(type: string, content: Content): Fields {
  const message = MESSAGES.get(type);
  if (message === undefined) throw new TypeError(`no message is called ${type}`);
  const result: Fields = {};
  for (const { id, content: below } of wireFields(bytesOf(content))) {
    const field = message.get(id);
    if (field === undefined) continue;
    const value = decodeField(field, below, result[field.name]);
    if (value === undefined) delete result[field.name];
    else result[field.name] = value;
  }
  return result;
}

/**
 * Decodes a request body in Kubernetes' protobuf envelope into the object that the same request would
 * carry as JSON. Throws MalformedMessage; undefined means that the kind is not known in this encoding.
 */
export function decodeProtobuf(body: Buffer): Fields | undefined {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new MalformedMessage('the envelope does not begin with k8s\\0');
  }
  const { typeMeta, raw } = decodeMessage('Envelope', body.subarray(MAGIC.length));
  const { apiVersion = '', kind = '' } = isObject(typeMeta) ? typeMeta : {};
  const type = kind === 'DeleteOptions' ? kind : `${String(apiVersion)}/${String(kind)}`;
  if (!MESSAGES.has(type)) return undefined;
  const content = Buffer.isBuffer(raw) ? raw : Buffer.alloc(0);
  return { apiVersion, kind, ...decodeMessage(type, content) };
}
