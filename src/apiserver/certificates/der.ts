/*
 * The part of DER (X.690) that X.509 certificates need, as a writer. Every function returns the
 * complete encoding of one value: tag, length, content.
 */

function length(size: number): Buffer {
  if (size < 0x80) return Buffer.from([size]);
  const bytes: number[] = [];
  for (let rest = size; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

function value(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), length(body.length), body]);
}

type Writer = (...content: readonly Uint8Array[]) => Buffer;

/** SEQUENCE. */
export const sequence: Writer = (...items) => value(0x30, ...items);

/** SET. */
export const set: Writer = (...items) => value(0x31, ...items);

/** OCTET STRING. */
export const octetString: Writer = (...bytes) => value(0x04, ...bytes);

/** INTEGER, positive, from its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const digits = bytes.subarray(start);
  const negative = ((digits[0] ?? 0) & 0x80) !== 0;
  return value(0x02, negative ? Buffer.from([0]) : Buffer.alloc(0), digits);
}

/** BOOLEAN that says yes: DER leaves out the other, which stands by default. */
export const yes = value(0x01, Buffer.from([0xff]));

/** OBJECT IDENTIFIER from its dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const septets = [arc & 0x7f];
    for (let high = arc >>> 7; high > 0; high >>>= 7) septets.unshift((high & 0x7f) | 0x80);
    return septets;
  });
  return value(0x06, Buffer.from(bytes));
}

/** BIT STRING; `unused` counts the bits of the last byte that do not belong to it. */
export function bitString(bytes: Uint8Array, unused = 0): Buffer {
  return value(0x03, Buffer.from([unused]), bytes);
}

/** UTF8String. */
export function utf8String(text: string): Buffer {
  return value(0x0c, Buffer.from(text, 'utf8'));
}

/** A time as RFC 5280 wants it: UTCTime until 2049, GeneralizedTime afterwards. */
export function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  const utc = digits < '2050';
  return value(utc ? 0x17 : 0x18, Buffer.from(utc ? digits.slice(2) : digits, 'ascii'));
}

/** A context-specific tag around complete values. */
export function explicit(tag: number, ...content: readonly Uint8Array[]): Buffer {
  return value(0xa0 | tag, ...content);
}

/** A context-specific tag in place of the value's own. */
export function implicit(tag: number, content: Uint8Array): Buffer {
  return value(0x80 | tag, content);
}
