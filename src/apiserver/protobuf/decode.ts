import { isObject } from '../../core/json.ts';
import { MESSAGES, type FieldType, type Message } from './messages.ts';
import { MalformedMessage, wireFields } from './wire.ts';

type Fields = Record<string, unknown>;
type Content = bigint | Buffer;

const MAGIC = Buffer.from('k8s\0', 'latin1');
const UNKNOWN: Message = {
  1: ['typeMeta', { message: { 1: ['apiVersion', 'string'], 2: ['kind', 'string'] } }],
};

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
  let seconds = 0;
  let nanos = 0;
  for (const field of wireFields(bytesOf(content))) {
    if (field.id === 1) seconds = numberOf(field.content);
    if (field.id === 2) nanos = numberOf(field.content);
  }
  if (seconds === 0 && nanos === 0) return undefined;
  if (Math.abs(seconds) > 8.64e12) throw new MalformedMessage('a time is out of range');
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  const fraction = String(Math.floor(nanos / 1000)).padStart(6, '0');
  return micro ? `${whole}.${fraction}Z` : `${whole}Z`;
}

function mapEntry(content: Content, binary: boolean): readonly [string, string] {
  let key = '';
  let value = '';
  for (const field of wireFields(bytesOf(content))) {
    if (field.id === 1) key = textOf(field.content);
    if (field.id === 2) {
      value = binary ? bytesOf(field.content).toString('base64') : textOf(field.content);
    }
  }
  return [key, value];
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

function withEntry(content: Content, earlier: unknown, binary: boolean): Fields {
  const map = isObject(earlier) ? earlier : {};
  put(map, ...mapEntry(content, binary));
  return map;
}

type Decode = (content: Content, earlier: unknown) => unknown;

/** Undefined leaves a field out, as Go's `omitempty` does for zero values. */
const SCALARS: Readonly<Record<Extract<FieldType, string>, Decode>> = {
  string: (content) => textOf(content) || undefined,
  'string?': textOf,
  int: (content) => numberOf(content) || undefined,
  'int?': numberOf,
  bool: (content) => numberOf(content) !== 0 || undefined,
  'bool?': (content) => numberOf(content) !== 0,
  time: (content) => timeOf(content, false),
  microTime: (content) => timeOf(content, true),
  strings: (content, earlier) => appended(earlier, textOf(content)),
  stringMap: (content, earlier) => withEntry(content, earlier, false),
  bytesMap: (content, earlier) => withEntry(content, earlier, true),
};

function decodeField(type: FieldType, content: Content, earlier: unknown): unknown {
  if (typeof type === 'string') return SCALARS[type](content, earlier);
  if ('message' in type) return decodeMessage(type.message, bytesOf(content));
  return appended(earlier, decodeMessage(type.messages, bytesOf(content)));
}

function decodeMessage(message: Message, bytes: Buffer): Fields {
  const result: Fields = {};
  for (const { id, content } of wireFields(bytes)) {
    const field = message[id];
    if (field === undefined) continue;
    const [name, type] = field;
    const value = decodeField(type, content, result[name]);
    if (value === undefined) delete result[name];
    else result[name] = value;
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
  const envelope = body.subarray(MAGIC.length);
  const { typeMeta } = decodeMessage(UNKNOWN, envelope);
  const { apiVersion = '', kind = '' } = isObject(typeMeta) ? typeMeta : {};
  const name = kind === 'DeleteOptions' ? kind : `${String(apiVersion)}/${String(kind)}`;
  const message = Object.hasOwn(MESSAGES, name) ? MESSAGES[name] : undefined;
  if (message === undefined) return undefined;
  let raw: Buffer = Buffer.alloc(0);
  for (const field of wireFields(envelope)) {
    if (field.id === 2) raw = bytesOf(field.content);
  }
  return { apiVersion, kind, ...decodeMessage(message, raw) };
}
