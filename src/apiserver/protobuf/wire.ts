/** One field as it lies on the wire: a number for varints, bytes for everything else. */
export interface WireField {
  readonly id: number;
  readonly content: bigint | Buffer;
}

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_BYTES = 2;
const WIRE_FIXED32 = 5;

/** The error of bytes that are no protobuf message; callers answer 400. */
export class MalformedMessage extends Error {}

class Reader {
  private position = 0;
  private readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get done(): boolean {
    return this.position >= this.bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.position];
      if (byte === undefined) throw new MalformedMessage('unexpected end of the message');
      this.position += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new MalformedMessage('a number has more than ten bytes');
  }

  take(size: bigint): Buffer {
    const end = BigInt(this.position) + size;
    if (size < 0n || end > BigInt(this.bytes.length)) {
      throw new MalformedMessage('a field is longer than the message');
    }
    const part = this.bytes.subarray(this.position, Number(end));
    this.position = Number(end);
    return part;
  }

  field(): WireField {
    const tag = this.varint();
    const id = Number(tag >> 3n);
    const wire = Number(tag & 7n);
    if (wire === WIRE_VARINT) return { id, content: this.varint() };
    if (wire === WIRE_BYTES) return { id, content: this.take(this.varint()) };
    if (wire === WIRE_FIXED64) return { id, content: this.take(8n) };
    if (wire === WIRE_FIXED32) return { id, content: this.take(4n) };
    throw new MalformedMessage(`wire type ${wire} is not supported`);
  }
}

/** The fields of a message in their order. */
export function* wireFields(bytes: Buffer): Generator<WireField> {
  const reader = new Reader(bytes);
  while (!reader.done) yield reader.field();
}
